/** UUIDs as they are in the database: 16 bytes in network byte order, so that UUIDv7 sort by time. */

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Throws a `TypeError` when the text is not a UUID. */
export function uuidToBlob(uuid: string): Uint8Array {
  if (!form.test(uuid)) throw new TypeError(`not a UUID: "${uuid}"`)
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

/** In small letters. Throws a `TypeError` unless there are 16 bytes. */
export function blobToUuid(blob: Uint8Array): string {
  if (blob.length !== 16) throw new TypeError(`a UUID has 16 bytes, not ${blob.length}`)
  let text = ''
  for (let index = 0; index < 16; index += 1) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += '-'
    text += hex[blob[index] as number]
  }
  return text
}
