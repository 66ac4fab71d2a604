import type { Broker } from '../broker.ts'
import type { Entry } from '../entry.ts'
import { newLockToken, reordered } from '../lock-token.ts'
import { parseMessage } from '../message.ts'
import type { Inlet, Subscription } from '../namespace.ts'
import type { MessageQueue } from '../queue.ts'
import { lockLost, messageNotFound, notImplemented, Refusal, tooLarge } from '../refusal.ts'
import { type Envelope, encodeMessage, envelopeOf } from './delivery.ts'
import type { Reply, Respond } from './requests.ts'
import { type DecodedMessage, types } from './rhea.ts'
import { describeRules } from './rule-description.ts'
import { errorFor } from './sending-client.ts'

/** What a `$management` link is about. */
export interface Managed {
  readonly inlet: Inlet | undefined
  readonly queue: MessageQueue | undefined
  readonly subscription: Subscription | undefined
}

type Body = Readonly<Record<string, unknown>>
type Operation = (managed: Managed, body: Body, respond: Respond) => void

const ok = (body: unknown = null): Reply => ({ status: 200, description: 'OK', body })
const noContent: Reply = { status: 204, description: 'No content' }

const wrong = (what: string): Refusal => new Refusal('com.microsoft:argument-error', 400, what)

function numbers(body: Body, field: string): number[] {
  const values = body[field]
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'number')) throw wrong(`${field} are missing`)
  return values
}

function tokens(body: Body): Buffer[] {
  const values = body['lock-tokens']
  if (!Array.isArray(values) || !values.every((value) => Buffer.isBuffer(value) && value.length === 16)) {
    throw wrong('lock-tokens are missing')
  }
  return values
}

function outlet({ queue }: Managed): MessageQueue {
  if (!queue) throw new Refusal('amqp:not-allowed', 400, 'a topic holds no messages; ask one of its subscriptions')
  return queue
}

function inletOf({ inlet }: Managed): Inlet {
  if (!inlet) throw new Refusal('amqp:not-allowed', 400, 'messages are scheduled on a queue or a topic')
  return inlet
}

/** The operations of `$management`: what the client does beside its links. */
export class Management {
  readonly #broker: Broker
  readonly #maxMessageSize: number
  readonly #operations: Readonly<Record<string, Operation>>

  constructor(broker: Broker, maxMessageSize: number) {
    this.#broker = broker
    this.#maxMessageSize = maxMessageSize
    this.#operations = {
      'com.microsoft:peek-message': (managed, body, respond) => respond(this.#peek(managed, body)),
      'com.microsoft:renew-lock': (managed, body, respond) => respond(this.#renew(outlet(managed), body)),
      'com.microsoft:schedule-message': (managed, body, respond) => this.#schedule(inletOf(managed), body, respond),
      'com.microsoft:cancel-scheduled-message': (managed, body, respond) => {
        this.#broker.cancel(inletOf(managed), numbers(body, 'sequence-numbers'), () => respond(ok()))
      },
      'com.microsoft:receive-by-sequence-number': (managed, body, respond) =>
        this.#receiveDeferred(outlet(managed), body, respond),
      'com.microsoft:update-disposition': (managed, body, respond) => this.#settle(outlet(managed), body, respond),
      'com.microsoft:enumerate-rules': ({ subscription }, body, respond) => respond(enumerate(subscription, body)),
    }
  }

  handle(managed: Managed, request: DecodedMessage, respond: Respond): void {
    const name = String(request.application_properties?.operation)
    try {
      const operation = this.#operations[name]
      if (!operation) throw notImplemented(`the operation ${name} is`)
      operation(managed, (request.body ?? {}) as Body, respond)
    } catch (error) {
      const { condition, description = '' } = errorFor(error)
      respond({ status: error instanceof Refusal ? error.status : 400, condition, description })
    }
  }

  #peek({ inlet, queue }: Managed, body: Body): Reply {
    const from = body['from-sequence-number']
    const count = body['message-count']
    if (typeof from !== 'number' || typeof count !== 'number') throw wrong('from-sequence-number, message-count')
    if (body['session-id'] !== undefined) throw notImplemented('sessions are')
    const found: Envelope[] = []
    for (const entry of queue?.messages.values() ?? []) {
      if (found.length >= count) break
      if (entry.sequence >= from && entry.place !== 'arriving') found.push(envelopeOf(entry))
    }
    for (const entry of inlet?.scheduled.entries.values() ?? []) {
      if (found.length >= count) break
      if (entry.sequence >= from && entry.waiting) found.push({ ...entry, deliveryCount: 0, state: 2 })
    }
    if (found.length === 0) return noContent
    return ok({ messages: found.map((envelope) => ({ message: types.wrap_binary(encodeMessage(envelope)) })) })
  }

  #held(queue: MessageQueue, token: Buffer): Entry {
    const entry = queue.lockedBy(reordered(token)) ?? queue.lockedBy(token)
    if (!entry?.lock || !this.#broker.settlement.isHeld(entry, entry.lock.key)) throw lockLost()
    return entry
  }

  #renew(queue: MessageQueue, body: Body): Reply {
    const entries = tokens(body).map((token) => this.#held(queue, token))
    const until = entries.map((entry) => queue.renew(entry))
    return ok({ expirations: types.wrap_array(until, 0x83) })
  }

  #schedule(inlet: Inlet, body: Body, respond: Respond): void {
    if (!Array.isArray(body.messages)) throw wrong('messages are missing')
    const incoming = body.messages.map(({ message }: { message: unknown }) => {
      if (!Buffer.isBuffer(message)) throw wrong('each of the messages has its encoded message')
      if (message.length > this.#maxMessageSize) throw tooLarge(message.length, this.#maxMessageSize)
      return parseMessage(message)
    })
    this.#broker.schedule(inlet, incoming, (sequences) =>
      respond(ok({ 'sequence-numbers': types.wrap_array(sequences, 0x81) })),
    )
  }

  #receiveDeferred(queue: MessageQueue, body: Body, respond: Respond): void {
    const sequences = numbers(body, 'sequence-numbers')
    const entries = sequences.map((sequence) => queue.messages.get(sequence))
    if (entries.some((entry) => entry?.place !== 'deferred')) throw messageNotFound(sequences)
    const deferred = entries as Entry[]
    if (body['receiver-settle-mode'] === 0) {
      const messages = deferred.map((entry) => received(entry, newLockToken()))
      for (const entry of deferred) this.#broker.settlement.complete(queue, entry)
      this.#broker.journal.after(() => respond(ok({ messages })))
      return
    }
    const messages = deferred.map((entry) => {
      const token = newLockToken()
      const { until } = queue.lock(entry, token, () => undefined)
      return received(entry, token, until)
    })
    respond(ok({ messages }))
  }

  #settle(queue: MessageQueue, body: Body, respond: Respond): void {
    const entries = tokens(body).map((token) => this.#held(queue, token))
    const { settlement, journal } = this.#broker
    const status = body['disposition-status']
    const properties = body['properties-to-modify'] as Body | undefined
    const text = (field: string) => (typeof body[field] === 'string' ? (body[field] as string) : undefined)
    for (const entry of entries) {
      if (status === 'completed') settlement.complete(queue, entry)
      else if (status === 'abandoned') settlement.abandon(queue, entry, properties)
      else if (status === 'defered') settlement.defer(queue, entry, properties)
      else if (status === 'suspended') {
        const cause = { reason: text('deadletter-reason'), description: text('deadletter-description'), properties }
        settlement.deadLetter(queue, entry, cause)
      } else throw notImplemented(`the disposition ${String(status)} is`)
    }
    journal.after(() => respond(ok()))
  }
}

/** Here the token is in plain order, unlike in a delivery tag. */
const received = (entry: Entry, token: Buffer, lockedUntil?: number) => ({
  'lock-token': types.wrap_uuid(token),
  message: types.wrap_binary(encodeMessage(envelopeOf(entry, lockedUntil))),
})

function enumerate(subscription: Subscription | undefined, body: Body): Reply {
  if (!subscription) throw new Refusal('amqp:not-allowed', 400, 'only a subscription has rules')
  const [skip, top] = [Number(body.skip ?? 0), Number(body.top ?? Number.POSITIVE_INFINITY)]
  const rules = describeRules(subscription.rules.slice(skip, skip + top))
  return rules.length ? ok({ rules }) : noContent
}
