import { expect, test } from 'vitest'
import { startCardProcessor } from '../src/server.ts'
import { calls, card, client, folder, intents, processor, refusal } from './processor.ts'

test('the same key and parameters get the stored answer and no second intent', async () => {
  const { stripe, url } = await processor()
  const create = () =>
    stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_visa' }, { idempotencyKey: 'k' })
  const first = await create()
  await stripe.paymentIntents.confirm(first.id)
  const second = await create()
  expect(second).toEqual(first)
  expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined()
  expect(second.lastResponse.headers['idempotent-replayed']).toBe('true')
  expect((await intents(url)).data).toHaveLength(1)
  expect((await calls(url)).map((call) => call.replayed)).toEqual([false, false, true])
})

test('a key that comes with other parameters or for another endpoint is an idempotency error', async () => {
  const { stripe } = await processor()
  const { id } = await stripe.paymentIntents.create(card, { idempotencyKey: 'k' })
  const other = await refusal(stripe.paymentIntents.create({ ...card, amount: 1 }, { idempotencyKey: 'k' }))
  expect(other).toMatchObject({ type: 'StripeIdempotencyError', rawType: 'idempotency_error', statusCode: 400 })
  const elsewhere = await refusal(stripe.paymentIntents.cancel(id, {}, { idempotencyKey: 'k' }))
  expect(elsewhere).toMatchObject({ type: 'StripeIdempotencyError', message: expect.stringContaining('same endpoint') })
  expect(await stripe.paymentIntents.create(card, { idempotencyKey: 'k' })).toMatchObject({ id })
})

test('declines and 500s are stored too: only another key tries again', async () => {
  const { stripe } = await processor()
  for (const [payment_method, statusCode] of [
    ['pm_card_500_once', 500],
    ['pm_card_chargeDeclined', 402],
  ] as const) {
    const { id } = await stripe.paymentIntents.create({ ...card, payment_method })
    const confirm = (idempotencyKey: string) =>
      stripe.paymentIntents.confirm(id, { payment_method }, { idempotencyKey })
    const first = await refusal(confirm(id))
    const second = await refusal(confirm(id))
    expect([first.statusCode, second.statusCode]).toEqual([statusCode, statusCode])
    expect(second.headers).toMatchObject({ 'idempotent-replayed': 'true' })
    expect(second.message).toBe(first.message)
    if (statusCode === 500) expect((await confirm('another')).status).toBe('succeeded')
  }
})

test('a request refused for its parameters does not use its key up', async () => {
  const { stripe } = await processor()
  await refusal(stripe.paymentIntents.create({ ...card, amount: 0 }, { idempotencyKey: 'k' }))
  expect((await stripe.paymentIntents.create(card, { idempotencyKey: 'k' })).status).toBe('requires_payment_method')
})

test('a key whose first request is not answered yet is in use', async () => {
  const { stripe } = await processor({ slow: 500 })
  const { id } = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_slow' })
  const confirm = () => stripe.paymentIntents.confirm(id, {}, { idempotencyKey: 'k' })
  const first = confirm()
  while ((await stripe.paymentIntents.retrieve(id)).status !== 'processing');
  expect(await refusal(confirm())).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' })
  expect(await first).toMatchObject({ status: 'succeeded', amount_received: 1250 })
  expect(await confirm()).toEqual(await first)
})

test('of many calls at once with one key exactly one has an effect', async () => {
  const { url, ...server } = await processor()
  const stripe = client(server, { maxNetworkRetries: 5 })
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => stripe.paymentIntents.create(card, { idempotencyKey: 'k' })),
  )
  expect(new Set(answers.map((answer) => answer.id)).size).toBe(1)
  expect((await intents(url)).data).toHaveLength(1)
})

test('intents, refunds and keys survive a restart', async () => {
  const data = await folder()
  const first = await startCardProcessor({ data })
  const before = await client(first).paymentIntents.create(
    { ...card, payment_method: 'pm_card_visa', confirm: true },
    { idempotencyKey: 'k' },
  )
  const refund = await client(first).refunds.create({ payment_intent: before.id, amount: 50 })
  await first.close()
  const { stripe } = await processor({ data })
  const again = await stripe.paymentIntents.create(
    { ...card, payment_method: 'pm_card_visa', confirm: true },
    { idempotencyKey: 'k' },
  )
  expect(again).toEqual(before)
  expect(await stripe.refunds.retrieve(refund.id)).toEqual(refund)
})

test('a key is forgotten after 24 hours', async () => {
  let now = Date.now()
  const { stripe } = await processor({ now: () => now })
  const first = await stripe.paymentIntents.create(card, { idempotencyKey: 'k' })
  now += 24 * 3600 * 1000 + 1
  const second = await stripe.paymentIntents.create(card, { idempotencyKey: 'k' })
  expect(second.id).not.toBe(first.id)
})
