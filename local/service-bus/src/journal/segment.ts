import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { RecordKind } from './journal.ts'

/**
 * A record on disk: length of what follows the checksum (4 bytes), CRC-32 of it (4), kind (1), length of meta (4), meta as
 * JSON, bodies. All numbers are big-endian.
 */
const frameLength = 8
const headLength = 5

export interface JournalRecord {
  readonly kind: RecordKind
  readonly meta: unknown
  readonly body: Buffer
}

/** The journal is damaged in a way that no crash explains. */
export class DamagedJournal extends Error {
  override readonly name = 'DamagedJournal'
}

export function encodeRecord(kind: RecordKind, meta: unknown, bodies: readonly Buffer[]): Buffer {
  const text = JSON.stringify(meta)
  const metaLength = Buffer.byteLength(text)
  const head = Buffer.allocUnsafe(frameLength + headLength + metaLength)
  head[frameLength] = kind
  head.writeUInt32BE(metaLength, frameLength + 1)
  head.write(text, frameLength + headLength)
  let sum = crc32(head.subarray(frameLength))
  let length = headLength + metaLength
  for (const body of bodies) {
    sum = crc32(body, sum)
    length += body.length
  }
  head.writeUInt32BE(length, 0)
  head.writeUInt32BE(sum, 4)
  return head
}

function decodeRecord(content: Buffer): JournalRecord {
  const metaLength = content.readUInt32BE(1)
  const meta: unknown = JSON.parse(content.toString('utf8', headLength, headLength + metaLength))
  return { kind: content[0] as RecordKind, meta, body: content.subarray(headLength + metaLength) }
}

const name = (segment: number): string => `${String(segment).padStart(12, '0')}.journal`
export const segmentFile = (directory: string, segment: number): string => join(directory, name(segment))

export const segmentsIn = (directory: string): number[] =>
  readdirSync(directory)
    .filter((file) => /^\d{12}\.journal$/.test(file))
    .map((file) => Number(file.slice(0, 12)))
    .sort((one, other) => one - other)

/** Makes the creation or removal of a file durable. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** The whole records of a segment, and at which byte they end. What is behind is a torn write, unless it is only zeros. */
export function readSegment(
  directory: string,
  segment: number,
): { records: JournalRecord[]; end: number; torn: boolean } {
  const data = readFileSync(segmentFile(directory, segment))
  const records: JournalRecord[] = []
  let at = 0
  while (at + frameLength + headLength <= data.length) {
    const length = data.readUInt32BE(at)
    const end = at + frameLength + length
    if (length < headLength || end > data.length) break
    const content = data.subarray(at + frameLength, end)
    if (crc32(content) !== data.readUInt32BE(at + 4)) break
    records.push(decodeRecord(content))
    at = end
  }
  return { records, end: at, torn: data.subarray(at).some((byte) => byte !== 0) }
}

/**
 * Reads all segments, oldest first. A crash can tear the last write only, so whatever is behind a torn record must be
 * empty; the tear is cut off.
 * @throws DamagedJournal naming file and byte
 */
export function* readJournal(directory: string): Generator<JournalRecord> {
  let torn: string | undefined
  for (const segment of segmentsIn(directory)) {
    const { records, end, torn: tear } = readSegment(directory, segment)
    if (torn && (tear || records.length > 0))
      throw new DamagedJournal(`${torn}, and later records exist; restore the directory or remove it`)
    yield* records
    if (tear) {
      torn = `${segmentFile(directory, segment)} is damaged at byte ${end}`
      truncateSync(segmentFile(directory, segment), end)
    }
  }
}
