import { isServiceBusError, type ServiceBusMessageBatch, type ServiceBusSender } from '@azure/service-bus'
import type { Message } from '@flotilla/contracts/message'
import { BrokerUnavailable, PublishRefused } from './broker.ts'
import { lastOf } from './fault.ts'
import { toServiceBus } from './service-bus-message.ts'

/** Service Bus takes no longer message id. */
const longestId = 128
/** A message whose body has no more bytes than this fits any link, and is sent without a batch around it when alone. */
const smallBody = 64_000

/** Sends all, in as few transfers as fit the link. Throws `PublishRefused` before anything was sent, or `BrokerUnavailable`. */
export async function sendMessages(
  sender: ServiceBusSender,
  messages: readonly Message[],
  timeout: number,
): Promise<void> {
  for (const { id } of messages) {
    if (id.length === 0 || id.length > longestId) {
      throw new PublishRefused(id, `its id must have 1 to ${longestId} characters`)
    }
  }
  const abortSignal = AbortSignal.timeout(timeout)
  const [first] = messages
  try {
    if (first && messages.length === 1 && first.body.length * 3 <= smallBody) {
      await sender.sendMessages(toServiceBus(first), { abortSignal })
      return
    }
    for (const batch of await fill(sender, messages, abortSignal)) await sender.sendMessages(batch, { abortSignal })
  } catch (error) {
    throw translate(error, sender.entityPath, messages, abortSignal.aborted ? timeout : undefined)
  }
}

async function fill(sender: ServiceBusSender, messages: readonly Message[], abortSignal: AbortSignal) {
  const batches: ServiceBusMessageBatch[] = []
  let batch: ServiceBusMessageBatch | undefined
  for (const message of messages) {
    const outgoing = toServiceBus(message)
    if (batch?.tryAddMessage(outgoing)) continue
    batch = await sender.createMessageBatch({ abortSignal })
    if (!batch.tryAddMessage(outgoing)) {
      const size = Buffer.byteLength(message.body)
      throw new PublishRefused(
        message.id,
        `its ${size} bytes do not fit the ${batch.maxSizeInBytes} that ${sender.entityPath} takes`,
      )
    }
    batches.push(batch)
  }
  return batches
}

function translate(error: unknown, topic: string, messages: readonly Message[], timeout: number | undefined): Error {
  if (error instanceof PublishRefused) return error
  if (timeout !== undefined)
    return new BrokerUnavailable(`topic ${topic} did not answer within ${timeout} ms`, { cause: error })
  const last = lastOf(error)
  const [only] = messages
  if (only && messages.length === 1 && isServiceBusError(last) && last.code === 'MessageSizeExceeded') {
    return new PublishRefused(only.id, last.message, { cause: error })
  }
  const why = last instanceof Error ? last.message : String(last)
  return new BrokerUnavailable(`topic ${topic} takes nothing: ${why}`, { cause: error })
}
