import type { Socket } from 'node:net'
import { type AmqpError, codec, types } from './rhea.ts'

/** Transfer and disposition frames, written by hand: they are nearly all that a busy broker writes. */

export interface Transfer {
  readonly channel: number
  readonly handle: number
  readonly id: number
  readonly tag: Buffer
  readonly settled: boolean
}

const performativeAt = 8
/** Frame header, descriptor, list8 head, handle, delivery id, format, settled, more; the tag comes on top. */
const transferLength = 8 + 3 + 3 + 5 + 5 + 2 + 1 + 1 + 1
/** Payloads up to here are copied behind the frame's head: cheaper than a second write. */
const copied = 4096

const bool = (value: boolean): number => (value ? 0x41 : 0x42)

function startFrame(frame: Buffer, size: number, channel: number, code: number): void {
  frame.writeUInt32BE(size, 0)
  frame[4] = 2
  frame[5] = 0
  frame.writeUInt16BE(channel, 6)
  frame[performativeAt] = 0x00
  frame[performativeAt + 1] = 0x53
  frame[performativeAt + 2] = code
  frame[performativeAt + 3] = 0xc0
}

function transferHead(transfer: Transfer, more: boolean, payloadLength: number, room: number): Buffer {
  const { tag } = transfer
  const length = transferLength + tag.length
  const frame = Buffer.allocUnsafe(length + room)
  startFrame(frame, length + payloadLength, transfer.channel, 0x14)
  frame[12] = length - 13
  frame[13] = 6
  frame[14] = 0x70
  frame.writeUInt32BE(transfer.handle, 15)
  frame[19] = 0x70
  frame.writeUInt32BE(transfer.id, 20)
  frame[24] = 0xa0
  frame[25] = tag.length
  tag.copy(frame, 26)
  const at = 26 + tag.length
  // Message format 0: one plain message.
  frame[at] = 0x43
  frame[at + 1] = bool(transfer.settled)
  frame[at + 2] = bool(more)
  return frame
}

/** How many frames a payload takes. */
export const framesFor = (length: number, maxFrameSize: number, tagLength = 16): number =>
  Math.max(1, Math.ceil(length / (maxFrameSize - transferLength - tagLength)))

/** Sends one message, in as many frames as the peer's frame size asks for. */
export function writeTransfer(
  socket: Socket,
  transfer: Transfer,
  head: Buffer,
  bare: Buffer,
  maxFrameSize: number,
): void {
  const most = maxFrameSize - transferLength - transfer.tag.length
  const length = head.length + bare.length
  if (length <= most && length <= copied) {
    const frame = transferHead(transfer, false, length, length)
    const at = frame.length - length
    head.copy(frame, at)
    bare.copy(frame, at + head.length)
    socket.write(frame)
    return
  }
  const payload = Buffer.concat([head, bare])
  for (let at = 0; at < length; at += most) {
    const part = payload.subarray(at, at + most)
    socket.write(transferHead(transfer, at + most < length, part.length, 0))
    socket.write(part)
  }
}

/** Accepts and settles a range of deliveries. */
export function acceptedFrame(channel: number, role: boolean, first: number, last: number): Buffer {
  const frame = Buffer.allocUnsafe(30)
  startFrame(frame, 30, channel, 0x15)
  frame[12] = 17
  frame[13] = 5
  frame[14] = bool(role)
  frame[15] = 0x70
  frame.writeUInt32BE(first, 16)
  frame[20] = 0x70
  frame.writeUInt32BE(last, 21)
  frame[25] = 0x41
  frame[26] = 0x00
  frame[27] = 0x53
  frame[28] = 0x24
  frame[29] = 0x45
  return frame
}

/** Rejects and settles one delivery. */
export function rejectedFrame(channel: number, role: boolean, id: number, error: AmqpError): Buffer {
  const writer = new types.Writer()
  const state = codec.rejected({ error }).described()
  const fields = [types.wrap(role), types.wrap(id), types.wrap(id), types.wrap(true), state]
  writer.write(types.described(types.wrap_ulong(0x15), types.wrap_list(fields)))
  const performative = writer.toBuffer()
  const frame = Buffer.allocUnsafe(performativeAt + performative.length)
  startFrame(frame, frame.length, channel, 0x15)
  performative.copy(frame, performativeAt)
  return frame
}
