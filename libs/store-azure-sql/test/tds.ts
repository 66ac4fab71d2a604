/** As much of TDS as a server must speak to be connected to: https://learn.microsoft.com/openspecs/windows_protocols/ms-tds */
export const packetTypes = {
  batch: 1,
  rpc: 3,
  response: 4,
  attention: 6,
  token: 8,
  transaction: 14,
  login: 16,
  prelogin: 18,
}

const wide = (text: string) => Buffer.from(text, 'utf16le')
const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer)
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
const shortText = (text: string) => Buffer.concat([Buffer.of(text.length), wide(text)])

/** A packet; the last one of its message unless `isLast` is false. */
export function packet(data: Buffer, isLast = true): Buffer {
  const header = Buffer.of(packetTypes.response, isLast ? 1 : 0, 0, 0, 0, 0, 1, 0)
  header.writeUInt16BE(header.length + data.length, 2)
  return Buffer.concat([header, data])
}

/** Says that it does not encrypt. */
export const preloginAnswer = () => {
  const [version, encryption, end] = [Buffer.of(0, 0, 11, 0, 6), Buffer.of(1, 0, 17, 0, 1), Buffer.of(0xff)]
  return Buffer.concat([version, encryption, end, Buffer.of(16, 0, 0, 0, 0, 0), Buffer.of(2)])
}

export const loggedIn = (withToken: boolean) => {
  const acknowledged = Buffer.concat([Buffer.of(1, 0x74, 0, 0, 4), shortText('fake'), Buffer.of(16, 0, 0, 0)])
  const features = withToken ? Buffer.of(0xae, 2, 0, 0, 0, 0, 0xff) : Buffer.alloc(0)
  return Buffer.concat([Buffer.of(0xad), u16(acknowledged.length), acknowledged, features, done()])
}

/** Asks for a token that is for `audience`. */
export function tokenWanted(audience: string): Buffer {
  const [issuer, spn] = [wide('https://login.microsoftonline.com/tenant'), wide(audience)]
  const start = 4 + 2 * 9
  const entry = (id: number, { length }: Buffer, at: number) => Buffer.concat([Buffer.of(id), u32(length), u32(at)])
  const data = [u32(2), entry(1, issuer, start), entry(2, spn, start + issuer.length), issuer, spn]
  const length = data.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.of(0xee), u32(length), ...data, done()])
}

const doneStatus = { final: 0, error: 2, attention: 0x20 }
export const done = (status: keyof typeof doneStatus = 'final') =>
  Buffer.concat([Buffer.of(0xfd), u16(doneStatus[status]), u16(0), Buffer.alloc(8)])

/** A message of an error, and the end of what it failed. */
export function failed(number: number, severity: number, message = 'said the fake server'): Buffer {
  const text = Buffer.concat([u16(message.length), wide(message), shortText('fake'), shortText('')])
  const data = Buffer.concat([u32(number), Buffer.of(1, severity), text, u32(1)])
  return Buffer.concat([Buffer.of(0xaa), u16(data.length), data, done('error')])
}

const changes = { begin: 8, commit: 9, rollback: 10 }
/** A transaction began or ended. */
export function transactionChanged(change: keyof typeof changes): Buffer {
  const id = Buffer.concat([Buffer.of(8), Buffer.alloc(8, 7)])
  const data = Buffer.concat([
    Buffer.of(changes[change]),
    ...(change === 'begin' ? [id, Buffer.of(0)] : [Buffer.of(0), id]),
  ])
  return Buffer.concat([Buffer.of(0xe3), u16(data.length), data])
}

/** The head of a result with one column of whole numbers, as 64 bits. */
export const numbersHead = (column: string) =>
  Buffer.concat([Buffer.of(0x81), u16(1), u32(0), u16(1), Buffer.of(0x26, 8), shortText(column)])

export function numbersRow(value: bigint | null): Buffer {
  const data = Buffer.alloc(8)
  if (value === null) return Buffer.of(0xd1, 0)
  data.writeBigInt64LE(value)
  return Buffer.concat([Buffer.of(0xd1, 8), data])
}
