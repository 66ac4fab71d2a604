import { expect, test } from 'vitest'
import { startCardProcessor } from '../src/server.ts'
import { calls, card, client, folder, intents, processor, refusal } from './processor.ts'

test('pm_card_slow answers late, is processing meanwhile, and cannot be canceled then', async () => {
  const { stripe, url } = await processor({ slow: 400 })
  const { id } = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_slow' })
  const started = performance.now()
  const confirmed = stripe.paymentIntents.confirm(id)
  while ((await stripe.paymentIntents.retrieve(id)).status !== 'processing');
  expect(await refusal(stripe.paymentIntents.cancel(id))).toMatchObject({ statusCode: 429, code: 'lock_timeout' })
  expect((await confirmed).status).toBe('succeeded')
  expect(performance.now() - started).toBeGreaterThan(390)
  expect((await intents(url)).data).toMatchObject([{ status: 'succeeded', amount_received: 1250 }])
})

test('a slow charge succeeds although the processor was stopped in the middle of it', async () => {
  const data = await folder()
  let now = Date.now()
  const options = { data, now: () => now, slow: 60_000 }
  const first = await startCardProcessor(options)
  const { id } = await client(first).paymentIntents.create({ ...card, payment_method: 'pm_card_slow' })
  const confirm = (stripe = client(first)) => stripe.paymentIntents.confirm(id, {}, { idempotencyKey: 'k' })
  const cutOff = refusal(confirm())
  while ((await client(first).paymentIntents.retrieve(id)).status !== 'processing');
  await first.close()
  expect((await cutOff).type).toBe('StripeConnectionError')
  const { stripe } = await processor(options)
  expect(await refusal(confirm(stripe))).toMatchObject({ code: 'idempotency_key_in_use' })
  now += 60_000
  expect(await confirm(stripe)).toMatchObject({ status: 'succeeded' })
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({ status: 'succeeded' })
})

test('pm_card_500_after says 500 although the card was charged', async () => {
  const { stripe } = await processor()
  const { id } = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_500_after' })
  expect(await refusal(stripe.paymentIntents.confirm(id))).toMatchObject({ type: 'StripeAPIError', statusCode: 500 })
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({ status: 'succeeded', amount_received: 1250 })
})

test('pm_card_500_once says 500 without effect, then succeeds', async () => {
  const { stripe } = await processor()
  const { id } = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_500_once' })
  expect(await refusal(stripe.paymentIntents.confirm(id))).toMatchObject({ statusCode: 500, rawType: 'api_error' })
  expect((await stripe.paymentIntents.retrieve(id)).status).toBe('requires_confirmation')
  expect((await stripe.paymentIntents.confirm(id)).status).toBe('succeeded')
})

test('pm_card_timeout never answers although the card was charged, and its key knows', async () => {
  const { stripe, url } = await processor()
  const { id } = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_timeout' })
  const confirm = (timeout: number) => stripe.paymentIntents.confirm(id, {}, { idempotencyKey: 'k', timeout })
  expect((await refusal(confirm(100))).type).toBe('StripeConnectionError')
  expect((await stripe.paymentIntents.retrieve(id)).status).toBe('succeeded')
  expect((await confirm(5000)).lastResponse.headers['idempotent-replayed']).toBe('true')
  expect((await calls(url)).map((call) => call.status)).toEqual([200, 0, 200, 200])
})

test('pm_card_timeout_before never answers the first time, and nothing has happened', async () => {
  const { stripe } = await processor()
  const { id } = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_timeout_before' })
  const confirm = (timeout: number) => stripe.paymentIntents.confirm(id, {}, { idempotencyKey: 'k', timeout })
  expect((await refusal(confirm(100))).type).toBe('StripeConnectionError')
  expect((await stripe.paymentIntents.retrieve(id)).status).toBe('requires_confirmation')
  expect((await confirm(5000)).status).toBe('succeeded')
})

test('faults hold for as many requests as asked, and nothing happens in them', async () => {
  const { stripe, url } = await processor()
  const fault = (body: object) => fetch(`${url}/flotilla/faults`, { method: 'POST', body: JSON.stringify(body) })
  await fault({ mode: 'error', count: 2 })
  for (const _ of [1, 2]) {
    expect(await refusal(stripe.paymentIntents.create(card, { idempotencyKey: 'k' }))).toMatchObject({
      statusCode: 500,
    })
  }
  await stripe.paymentIntents.create(card, { idempotencyKey: 'k' })
  await fault({ mode: 'down' })
  expect((await refusal(stripe.paymentIntents.create(card))).type).toBe('StripeConnectionError')
  await fault({ mode: 'slow', count: 1, seconds: 0.2 })
  const started = performance.now()
  await stripe.paymentIntents.create(card)
  expect(performance.now() - started).toBeGreaterThan(190)
  expect((await intents(url)).data).toHaveLength(2)
  const refused = await fault({ mode: 'sideways' })
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('mode')])
})

test('verify can page through every intent, and ask for those of one order', async () => {
  const { stripe, url } = await processor()
  for (const orderId of ['a', 'b', 'b', 'c']) {
    await stripe.paymentIntents.create({ ...card, metadata: { orderId, tenant: orderId.toUpperCase() } })
  }
  const first = await intents(url, '?limit=3')
  const second = await intents(url, `?limit=3&cursor=${first.next_cursor}`)
  const orders = [...first.data, ...second.data].map((intent) => intent.metadata.orderId)
  expect([orders, second.next_cursor]).toEqual([['a', 'b', 'b', 'c'], null])
  expect((await intents(url, '?metadata[orderId]=b')).data).toHaveLength(2)
  expect((await intents(url, '?metadata[tenant]=C&metadata[orderId]=c')).data).toHaveLength(1)
  expect((await intents(url, '?metadata[tenant]=C&metadata[orderId]=a')).data).toEqual([])
  expect((await fetch(`${url}/flotilla/intents?colour=red`)).status).toBe(400)
})

test('of calls committed together, one that fails harms no neighbour', async () => {
  const { stripe, url } = await processor()
  const { id } = await stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_visa' })
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 10 }, () => stripe.paymentIntents.create(card)),
    ...Array.from({ length: 5 }, () => stripe.paymentIntents.confirm(id)),
    stripe.paymentIntents.retrieve('pi_none'),
  ])
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(11)
  expect((await intents(url)).data.filter((intent) => intent.amount_received > 0)).toHaveLength(1)
})
