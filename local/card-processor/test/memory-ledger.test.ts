import { expect, onTestFinished, test } from 'vitest'
import { type Books, openLedger } from '../src/ledger.ts'
import { openMemoryLedger } from '../src/memory-ledger.ts'
import { createStripe, type StripeAnswer } from '../src/stripe.ts'
import { summary } from '../src/summary.ts'

const day = 24 * 3600 * 1000

/** Each route, keys that are known, used otherwise and forgotten, pages, and objects that nobody knows. */
function talk(ledger: Books) {
  let now = Date.UTC(2026, 0, 1)
  let tokens = 0
  const stripe = createStripe({
    ledger,
    timing: { slow: 3_000, refund: 2_000 },
    now: () => now,
    token: () => (tokens++).toString(16).padStart(16, '0'),
  })
  const answers: StripeAnswer[] = []
  const ask = (method: string, path: string, form = '', key?: string) => {
    const headers = { authorization: 'Bearer sk_test_x', ...(key && { 'idempotency-key': key }) }
    const answer = stripe.answer({ method, url: `/v1/${path}`, headers, form })
    answers.push(answer)
    return (answer.body as { id: string }).id
  }
  const draft = (order: string, card: string) =>
    `amount=500&currency=eur&payment_method=${card}&payment_method_types[]=card&metadata[orderId]=${order}`
  const cards = ['pm_card_visa', 'pm_card_chargeDeclined', 'pm_card_slow', 'pm_card_500_once', 'pm_card_timeout_before']
  const ids = cards.map((card, index) => ask('POST', 'payment_intents', draft(`o${index}`, card), `create-${index}`))
  for (const key of ['first', 'first', 'second']) {
    for (const id of ids) ask('POST', `payment_intents/${id}/confirm`, '', `${id}-${key}`)
    ask('POST', 'refunds', `payment_intent=${ids[2]}`)
    now += 2_000
  }
  ask('POST', 'payment_intents', draft('o9', 'pm_card_visa'), 'create-0')
  const [paid, declined] = ids
  const refund = ask('POST', 'refunds', `payment_intent=${paid}&amount=200`, 'refund')
  ask('POST', 'refunds', `payment_intent=${paid}`)
  ask('POST', 'refunds', `payment_intent=${paid}`)
  ask('POST', `payment_intents/${declined}/cancel`)
  for (const id of [...ids, 'pi_unknown']) ask('GET', `payment_intents/${id}`)
  for (const id of [refund, 're_unknown']) ask('GET', `refunds/${id}`)
  for (const after of ['', `&starting_after=${ids[3]}`, '&starting_after=pi_unknown']) {
    ask('GET', `payment_intents?limit=2${after}`)
  }
  for (const query of ['', `payment_intent=${paid}&limit=1`, `payment_intent=${paid}&starting_after=${refund}`]) {
    ask('GET', `refunds?${query}`)
  }
  now += day
  ask('POST', 'payment_intents', draft('o9', 'pm_card_visa'), 'create-0')
  return { answers, now }
}

test('answers are the same whichever ledger they are from', () => {
  const disk = openLedger(undefined)
  onTestFinished(() => disk.close())
  const memory = openMemoryLedger()
  const { answers, now } = talk(memory)
  expect(talk(disk).answers).toEqual(answers)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 400, 402, 404, 409, 429, 500]))
  const book = (ledger: Books, intents: ReturnType<typeof memory.intents>) =>
    intents.map((intent) => summary(intent, ledger.refundsOf(intent.id), now))
  expect(book(memory, memory.intents())).toEqual(book(disk, disk.intents({}, 0, 100).data))
})
