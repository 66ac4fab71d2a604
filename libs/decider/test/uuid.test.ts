import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { blobToUuid, uuidToBlob } from '../src/uuid.ts'

test('a UUID comes back from its 16 bytes in network byte order, in small letters', () => {
  const uuid = '0190F3A4-5b6c-7d8e-9fA0-b1c2d3e4f506'
  expect(Buffer.from(uuidToBlob(uuid)).toString('hex')).toBe('0190f3a45b6c7d8e9fa0b1c2d3e4f506')
  expect(blobToUuid(uuidToBlob(uuid))).toBe(uuid.toLowerCase())
})

test('UUIDv7 sort as bytes in the order in which they were made', () => {
  const blobs = Array.from({ length: 100 }, () => Buffer.from(uuidToBlob(uuidv7())))
  expect(blobs.toSorted(Buffer.compare)).toEqual(blobs)
})

test.for(['', 'not-a-uuid', '0190f3a45b6c7d8e9fa0b1c2d3e4f506', '0190f3a4-5b6c-7d8e-9fa0-b1c2d3e4f50g'])(
  'what is not a UUID is refused by name: "%s"',
  (text) => {
    expect(() => uuidToBlob(text)).toThrow(`not a UUID: "${text}"`)
  },
)

test('bytes that are no UUID are refused', () => {
  expect(() => blobToUuid(new Uint8Array(15))).toThrow('16 bytes')
})
