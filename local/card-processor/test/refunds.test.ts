import { expect, test } from 'vitest'
import { card, intents, processor, refusal } from './processor.ts'

const paid = { ...card, confirm: true }

test('a payment is refunded in parts, then not any more', async () => {
  const { stripe } = await processor()
  const { id } = await stripe.paymentIntents.create({ ...paid, payment_method: 'pm_card_visa' })
  const part = await stripe.refunds.create({ payment_intent: id, amount: 250, metadata: { orderId: 'o1' } })
  expect(part).toMatchObject({
    object: 'refund',
    amount: 250,
    status: 'succeeded',
    payment_intent: id,
    metadata: { orderId: 'o1' },
  })
  const over = await refusal(stripe.refunds.create({ payment_intent: id, amount: 1001 }))
  expect(over).toMatchObject({ statusCode: 400, code: 'amount_too_large', param: 'amount' })
  const rest = await stripe.refunds.create({ payment_intent: id })
  expect(rest.amount).toBe(1000)
  const again = await refusal(stripe.refunds.create({ payment_intent: id }))
  expect(again).toMatchObject({ type: 'StripeInvalidRequestError', statusCode: 400, code: 'charge_already_refunded' })
  const listed = await stripe.refunds.list({ payment_intent: id })
  expect(listed.data.map((it) => it.id)).toEqual([rest.id, part.id])
  expect(await stripe.refunds.retrieve(part.id)).toMatchObject({ id: part.id, amount: 250 })
})

test('what was never paid is not refunded', async () => {
  const { stripe } = await processor()
  const { id } = await stripe.paymentIntents.create(card)
  expect(await refusal(stripe.refunds.create({ payment_intent: id }))).toMatchObject({
    statusCode: 400,
    message: `This PaymentIntent (${id}) does not have a successful charge to refund.`,
  })
  expect(await refusal(stripe.refunds.create({ payment_intent: 'pi_none' }))).toMatchObject({
    code: 'resource_missing',
  })
  expect(await refusal(stripe.refunds.create({ charge: 'ch_1' }))).toMatchObject({ code: 'parameter_missing' })
})

test.each(['pm_card_refund_pending', 'pm_card_pendingRefund'])(
  'a refund to %s is pending before it succeeds',
  async (method) => {
    let now = Date.now()
    const { stripe, url } = await processor({ now: () => now, refundDelay: 1000 })
    const { id } = await stripe.paymentIntents.create({ ...paid, payment_method: method })
    const refund = await stripe.refunds.create({ payment_intent: id })
    expect(refund.status).toBe('pending')
    expect((await intents(url)).data).toMatchObject([{ amount_refunded: 0, amount_refund_pending: 1250 }])
    expect(await refusal(stripe.refunds.create({ payment_intent: id }))).toMatchObject({
      code: 'charge_already_refunded',
    })
    now += 1000
    expect((await stripe.refunds.retrieve(refund.id)).status).toBe('succeeded')
    expect((await intents(url)).data).toMatchObject([{ amount_refunded: 1250, amount_refund_pending: 0 }])
  },
)

test('the first refund to pm_card_refund_fails_once fails later, and the second succeeds', async () => {
  let now = Date.now()
  const { stripe, url } = await processor({ now: () => now, refundDelay: 1000 })
  const { id } = await stripe.paymentIntents.create({ ...paid, payment_method: 'pm_card_refund_fails_once' })
  const first = await stripe.refunds.create({ payment_intent: id })
  expect(first.status).toBe('pending')
  now += 1000
  expect(await stripe.refunds.retrieve(first.id)).toMatchObject({
    status: 'failed',
    failure_reason: 'expired_or_canceled_card',
  })
  expect((await stripe.refunds.create({ payment_intent: id })).status).toBe('succeeded')
  expect((await intents(url)).data).toMatchObject([
    { amount_refunded: 1250, refunds: [{ status: 'failed' }, { status: 'succeeded' }] },
  ])
})

test('a repeated refund under one key gives money back once', async () => {
  const { stripe, url } = await processor()
  const { id } = await stripe.paymentIntents.create({ ...paid, payment_method: 'pm_card_visa' })
  const refund = () => stripe.refunds.create({ payment_intent: id, amount: 100 }, { idempotencyKey: 'r' })
  expect(await refund()).toEqual(await refund())
  expect((await intents(url)).data).toMatchObject([{ amount_refunded: 100 }])
})
