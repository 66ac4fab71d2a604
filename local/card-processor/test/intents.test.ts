import { expect, test } from 'vitest'
import { card, client, intents, processor, refusal } from './processor.ts'

test('an intent is created unconfirmed, confirmed and retrieved as succeeded', async () => {
  const { stripe } = await processor()
  const created = await stripe.paymentIntents.create({
    ...card,
    payment_method: 'pm_card_visa',
    metadata: { orderId: 'o1' },
  })
  expect(created).toMatchObject({
    object: 'payment_intent',
    status: 'requires_confirmation',
    amount: 1250,
    currency: 'eur',
  })
  expect(created).toMatchObject({
    amount_received: 0,
    latest_charge: null,
    metadata: { orderId: 'o1' },
    livemode: false,
  })
  expect(created.lastResponse.requestId).toMatch(/^req_/)
  const confirmed = await stripe.paymentIntents.confirm(created.id)
  expect(confirmed).toMatchObject({
    status: 'succeeded',
    amount_received: 1250,
    latest_charge: expect.stringMatching(/^ch_/),
  })
  expect(await stripe.paymentIntents.retrieve(created.id)).toMatchObject({ ...confirmed })
})

test('create with confirm charges at once, and a bare intent waits for its payment method', async () => {
  const { stripe } = await processor()
  const paid = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_mastercard', confirm: true })
  expect(paid.status).toBe('succeeded')
  const bare = await stripe.paymentIntents.create(card)
  expect(bare.status).toBe('requires_payment_method')
  expect(await refusal(stripe.paymentIntents.confirm(bare.id))).toMatchObject({
    statusCode: 400,
    code: 'payment_intent_unexpected_state',
    payment_intent: { id: bare.id },
  })
  expect((await stripe.paymentIntents.confirm(bare.id, { payment_method: 'pm_card_visa' })).status).toBe('succeeded')
})

test.each([
  ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', ''],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', ''],
])('%s is declined as %s %s, and takes no money', async (payment_method, code, decline_code) => {
  const { stripe } = await processor()
  const { id } = await stripe.paymentIntents.create({ ...card, payment_method })
  const error = await refusal(stripe.paymentIntents.confirm(id))
  expect(error).toMatchObject({ type: 'StripeCardError', rawType: 'card_error', statusCode: 402, code, decline_code })
  expect(error.payment_intent).toMatchObject({ id, status: 'requires_payment_method', payment_method: null })
  const after = await stripe.paymentIntents.retrieve(id)
  expect(after).toMatchObject({ status: 'requires_payment_method', amount_received: 0 })
  expect(after.last_payment_error).toMatchObject({ code, payment_method: { id: payment_method } })
  expect((await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' })).last_payment_error).toBeNull()
})

test.each(['pm_card_authenticationRequired', 'pm_card_threeDSecure2Required'])(
  '%s asks for the customer',
  async (method) => {
    const { stripe } = await processor()
    const asked = await stripe.paymentIntents.create({ ...card, payment_method: method, confirm: true })
    expect(asked).toMatchObject({
      status: 'requires_action',
      next_action: { type: 'use_stripe_sdk' },
      amount_received: 0,
    })
    expect((await stripe.paymentIntents.cancel(asked.id)).status).toBe('canceled')
    const error = await refusal(
      stripe.paymentIntents.create({ ...card, payment_method: method, confirm: true, error_on_requires_action: true }),
    )
    expect(error).toMatchObject({ statusCode: 402, code: 'authentication_required' })
  },
)

test('what has been canceled is not confirmed, and what has succeeded is not canceled', async () => {
  const { stripe } = await processor()
  const canceled = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_visa' })
  const answer = await stripe.paymentIntents.cancel(canceled.id, { cancellation_reason: 'abandoned' })
  expect(answer).toMatchObject({
    status: 'canceled',
    cancellation_reason: 'abandoned',
    canceled_at: expect.any(Number),
  })
  const paid = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_visa', confirm: true })
  for (const [call, status] of [
    [stripe.paymentIntents.confirm(canceled.id), 'canceled'],
    [stripe.paymentIntents.cancel(canceled.id), 'canceled'],
    [stripe.paymentIntents.cancel(paid.id), 'succeeded'],
    [stripe.paymentIntents.confirm(paid.id), 'succeeded'],
  ] as const) {
    const error = await refusal(call)
    expect(error).toMatchObject({
      statusCode: 400,
      code: 'payment_intent_unexpected_state',
      payment_intent: { status },
    })
  }
})

test('automatic payment methods need a return_url unless redirects are refused', async () => {
  const { stripe } = await processor()
  const money = { amount: 100, currency: 'usd', payment_method: 'pm_card_visa', confirm: true }
  expect(await refusal(stripe.paymentIntents.create(money))).toMatchObject({ statusCode: 400, param: 'return_url' })
  const never = { automatic_payment_methods: { enabled: true, allow_redirects: 'never' as const } }
  const paid = await stripe.paymentIntents.create({ ...money, ...never })
  expect(paid).toMatchObject({ status: 'succeeded', ...never })
  expect((await stripe.paymentIntents.create({ ...money, return_url: 'https://shop.example' })).status).toBe(
    'succeeded',
  )
})

test('lists go from the newest to the oldest, page by page', async () => {
  const { stripe } = await processor()
  const ids: string[] = []
  for (let amount = 1; amount <= 5; amount++) ids.unshift((await stripe.paymentIntents.create({ ...card, amount })).id)
  const first = await stripe.paymentIntents.list({ limit: 2 })
  expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/payment_intents' })
  const all = await stripe.paymentIntents.list({ limit: 2 }).autoPagingToArray({ limit: 100 })
  expect(all.map((it) => it.id)).toEqual(ids)
  expect(await refusal(stripe.paymentIntents.list({ starting_after: 'pi_none' }))).toMatchObject({
    code: 'resource_missing',
  })
})

test.each([
  ['no amount', { currency: 'eur' }, 'parameter_missing', 'amount'],
  ['no currency', { amount: 1 }, 'parameter_missing', 'currency'],
  ['an amount of zero', { amount: 0, currency: 'eur' }, 'parameter_invalid_integer', 'amount'],
  ['an amount of 1.5', { amount: 1.5, currency: 'eur' }, 'parameter_invalid_integer', 'amount'],
  ['an amount over eight digits', { amount: 100_000_000, currency: 'eur' }, 'amount_too_large', 'amount'],
  ['a currency that is none', { amount: 1, currency: 'zzz' }, undefined, 'currency'],
  [
    'an unknown payment method',
    { amount: 1, currency: 'eur', payment_method: 'pm_nope' },
    'resource_missing',
    'payment_method',
  ],
  ['manual capture', { amount: 1, currency: 'eur', capture_method: 'manual' }, undefined, 'capture_method'],
  [
    'another method type',
    { amount: 1, currency: 'eur', payment_method_types: ['sepa_debit'] },
    undefined,
    'payment_method_types',
  ],
  ['a customer', { amount: 1, currency: 'eur', customer: 'cus_1' }, 'parameter_unknown', 'customer'],
  ['shipping', { amount: 1, currency: 'eur', shipping: { name: 'Ada' } }, 'parameter_unknown', 'shipping[name]'],
])('%s is refused by name', async (_name, params, code, param) => {
  const { stripe, url } = await processor()
  const error = await refusal(stripe.paymentIntents.create(params as typeof card))
  expect(error).toMatchObject({ type: 'StripeInvalidRequestError', statusCode: 400, code, param })
  expect((await intents(url)).data).toEqual([])
})

test('everything else of Stripe is refused with its own error, not answered wrongly', async () => {
  const { stripe } = await processor()
  const { id } = await stripe.paymentIntents.create(card)
  for (const call of [
    stripe.paymentIntents.capture(id),
    stripe.paymentIntents.update(id, { amount: 1 }),
    stripe.customers.list(),
    stripe.charges.retrieve('ch_1'),
  ]) {
    const error = await refusal(call)
    expect(error).toMatchObject({ statusCode: 404, message: expect.stringContaining('Unrecognized request URL') })
  }
  expect(await refusal(stripe.paymentIntents.retrieve('pi_none'))).toMatchObject({
    statusCode: 404,
    code: 'resource_missing',
  })
  expect(await refusal(stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] }))).toMatchObject({
    param: 'expand',
  })
})

test('a key that is wrong or missing is refused with 401', async () => {
  const { stripe, url, ...server } = await processor({ key: 'sk_test_flotilla' })
  await stripe.paymentIntents.create(card)
  const stranger = client(server)
  expect(await refusal(stranger.paymentIntents.list({}, { apiKey: 'sk_test_other' }))).toMatchObject({
    type: 'StripeAuthenticationError',
    statusCode: 401,
  })
  const response = await fetch(`${url}/v1/payment_intents`)
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
})
