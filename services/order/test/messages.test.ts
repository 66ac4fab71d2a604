import type { Message } from '@flotilla/contracts/message'
import { contents } from '@flotilla/host/testing'
import { message, shuffled } from '@flotilla/host/testing-broker'
import { TestClock } from '@flotilla/host/testing-clock'
import { describe, expect, it } from 'vitest'
import { createWorld, newKey, type Ordering, place, startWithPrices, tea } from './ordering.ts'
import { answersTo, letPeersAnswer, type Peers } from './peers.ts'

const tables = ['orders', 'price', 'history', 'inbox', 'idempotency_key', 'outbox', 'due_work']

/** Any two orders of arrival must end in the same; only how changes are counted and told one after the other may differ. */
const comparable = ({ sqlite }: Ordering) =>
  contents(
    sqlite,
    ['orders', 'history', 'outbox', 'due_work'],
    ['orders.id', 'orders.version', 'history.home', 'history.version', 'history.idx'],
  )

/** A story of an order, from placement to its end and all that comes after. */
async function live(
  ordering: Ordering,
  { peers, cancels }: Story,
  deliver: (ordering: Ordering, peers: Peers) => Promise<void>,
) {
  const id = await place(ordering)
  if (cancels) {
    const at = new Date(0).toISOString()
    await ordering.broker.deliver(message({ type: 'stock.reserved.v1', data: { orderId: id, reservedAt: at } }, 0))
    await ordering.ask(`POST /api/v1/orders/${id}/cancel`, { key: newKey() })
  }
  await deliver(ordering, peers)
  return id
}

interface Story {
  readonly what: string
  readonly peers: Peers
  readonly cancels?: boolean
}

const stories: readonly Story[] = [
  { what: 'is confirmed', peers: {} },
  { what: 'has no stock', peers: { stock: 'rejected' } },
  { what: 'has its payment declined', peers: { payment: 'declined' } },
  { what: 'is cancelled while it is being paid', peers: {}, cancels: true },
]

/** Delivers what peers say in any order it could come, each of it up to three times, and old ones again at any time. */
const anyhow = (random: () => number) => async (ordering: Ordering, peers: Peers) => {
  const { broker, clock } = ordering
  const waiting: Message[] = []
  const heard: Message[] = []
  for (let answered = 0; ; ) {
    await clock.settle()
    for (; answered < broker.taken.length; answered += 1) {
      const answers = answersTo(broker.taken[answered] as Message, peers)
      waiting.push(...shuffled(answers, random))
    }
    if (waiting.length === 0) return
    const [next] = waiting.splice(Math.floor(random() * waiting.length), 1) as [Message]
    heard.push(next)
    const again = heard.filter(() => random() < 0.4)
    // All in one turn of the event loop or one after the other.
    if (random() < 0.5) await Promise.all(shuffled([next, ...again], random).map((each) => broker.deliver(each)))
    else for (const each of [next, ...again]) await broker.deliver(each)
  }
}

describe('P5: messages of one order in any order, and twice', () => {
  for (const story of stories) {
    it(`end in the same when it ${story.what}`, async () => {
      const plain = await startWithPrices(createWorld())
      await live(plain, story, async (ordering, peers) => void (await letPeersAnswer(ordering, peers)))
      const expected = comparable(plain)
      for (let seed = 1; seed <= 25; seed += 1) {
        const ordering = await startWithPrices(createWorld())
        await live(ordering, story, anyhow(new TestClock(0, seed).random))
        expect(ordering.broker.deadLetters, `seed ${seed}`).toEqual([])
        expect(comparable(ordering), `seed ${seed}`).toEqual(expected)
      }
    })

    it(`change nothing when all of them come again after it ${story.what}`, async () => {
      const ordering = await startWithPrices()
      const { broker, clock, sqlite } = ordering
      let heard: Message[] = []
      await live(ordering, story, async (ordering, peers) => {
        heard = await letPeersAnswer(ordering, peers)
      })
      const before = contents(sqlite, tables)
      const said = broker.taken.length
      for (let seed = 1; seed <= 20; seed += 1) {
        for (const each of shuffled(heard, new TestClock(0, seed).random)) {
          expect(await broker.deliver(each)).toEqual({ kind: 'done' })
        }
      }
      await clock.settle()
      expect(contents(sqlite, tables)).toEqual(before)
      expect(broker.taken).toHaveLength(said)
    })
  }

  it('have one effect when fifty copies arrive at once', async () => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    const reserved = message(
      { type: 'stock.reserved.v1', data: { orderId: id, reservedAt: new Date(0).toISOString() } },
      0,
    )
    await Promise.all(Array.from({ length: 50 }, () => ordering.broker.deliver(reserved)))
    await ordering.clock.settle()
    expect(ordering.broker.said('order.payment-due.v1')).toHaveLength(1)
    expect(ordering.broker.taken).toHaveLength(2)
  })

  it('are known by the id of their event, not by that of the message that carries it: a replay has no second effect', async () => {
    const ordering = await startWithPrices()
    const [heard] = await letPeersAnswerTo(ordering)
    const before = contents(ordering.sqlite, tables)
    const replayed = { ...(heard as Message), id: `${heard?.id}.r1`, type: 'replay.order' }
    expect(await ordering.broker.deliver(replayed)).toEqual({ kind: 'done' })
    expect(contents(ordering.sqlite, tables)).toEqual(before)
  })
})

async function letPeersAnswerTo(ordering: Ordering) {
  await place(ordering)
  return letPeersAnswer(ordering)
}

describe('a message that contradicts is dead-lettered with its reason, and changes nothing', () => {
  const at = new Date(0).toISOString()
  const captured = (orderId: string, amount: number, currency = 'EUR') =>
    message({ type: 'payment.captured.v1', data: { orderId, amount, currency, capturedAt: at } }, 0, 'wrong')
  const rejected = (orderId: string) =>
    message({ type: 'stock.rejected.v1', data: { orderId, reason: 'out-of-stock', rejectedAt: at } }, 0, 'wrong')
  const declined = (orderId: string) =>
    message({ type: 'payment.declined.v1', data: { orderId, reason: 'x', declinedAt: at } }, 0, 'wrong')

  it.each<[string, (id: string) => Message, boolean, RegExp]>([
    ['a capture that was never due', (id) => captured(id, 3400), false, /captured.*placed/],
    ['a decline that was never due', declined, false, /declined.*placed/],
    ['a rejection of stock that is sold', rejected, true, /rejected.*confirmed/],
    ['a decline after the confirmation', declined, true, /declined.*confirmed/],
    ['a capture of another amount', (id) => captured(id, 1), true, /1 EUR.*3400 EUR/],
    ['a capture in another currency', (id) => captured(id, 3400, 'USD'), true, /3400 USD.*3400 EUR/],
    [
      'news of an order that nobody placed',
      () => rejected('01900000-0000-7000-8000-00000000ffff'),
      false,
      /unknown-order/,
    ],
  ])('%s', async (_what, wrong, ends, reason) => {
    const ordering = await startWithPrices()
    const id = await place(ordering)
    if (ends) await letPeersAnswer(ordering)
    const before = contents(ordering.sqlite, tables)
    await ordering.broker.deliver(wrong(id))
    expect(ordering.broker.deadLetters).toEqual([
      expect.objectContaining({
        service: 'order',
        id: 'wrong',
        reason: 'Refused',
        description: expect.stringMatching(reason),
      }),
    ])
    expect(contents(ordering.sqlite, tables)).toEqual(before)
  })

  it.each([
    ['no JSON', '{', 'NotJson'],
    ['no CloudEvent', '{}', 'NotACloudEvent'],
    [
      'a type that nobody knows',
      JSON.stringify({ specversion: '1.0', id: 'x', source: '/x', type: 'x.v9', time: at, data: {} }),
      'UnknownType',
    ],
    [
      'data that is not of its type',
      JSON.stringify({ specversion: '1.0', id: 'x', source: '/x', type: 'stock.reserved.v1', time: at, data: {} }),
      'BadData',
    ],
    ['an event for somebody else', message({ type: 'order.placed.v1', data: orderPlaced() }, 0).body, 'NotHeardHere'],
  ])('%s', async (_what, body, reason) => {
    const ordering = await startWithPrices()
    const before = contents(ordering.sqlite, tables)
    const carrier = message({ type: 'stock.item-listed.v1', data: tea }, 0, 'wrong')
    await ordering.broker.deliver({ ...carrier, body })
    expect(ordering.broker.deadLetters).toEqual([expect.objectContaining({ reason })])
    expect(contents(ordering.sqlite, tables)).toEqual(before)
  })
})

function orderPlaced() {
  const at = new Date(0).toISOString()
  const lines = [{ sku: 'TEA-1', quantity: 1, unitPrice: 450 }]
  const orderId = '01900000-0000-7000-8000-000000000001'
  return { orderId, customer: 'ada', currency: 'EUR', total: 450, lines, placedAt: at, deadline: at }
}
