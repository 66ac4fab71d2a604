import { flawsOf } from '@flotilla/host/testing'
import { describe, expect, it } from 'vitest'
import { createWorld, databaseFile, newKey, shelf, startInventory, stock } from './stocking.ts'

const receive = 'POST /api/v1/stock/TEA-1/receipts'

describe('P5: a receipt', () => {
  it('counts once, however often it is sent at once', async () => {
    const inventory = await startInventory()
    await stock(inventory, 'TEA-1', 0)
    const asks = Array.from({ length: 20 }, () => inventory.ask(receive, { body: { quantity: 7 }, key: 'r' }))
    const answers = await Promise.all(asks)
    for (const { status, body } of answers) expect([status, body]).toEqual([201, answers[0]?.body])
    expect(answers[0]?.body).toMatchObject({ sku: 'TEA-1', quantity: 7 })
    expect(shelf(inventory, 'TEA-1')).toEqual({ received: 7, available: 7, reserved: 0, sold: 0 })
  })

  it('counts once at two replicas, and after a crash', async () => {
    const file = databaseFile()
    const one = await startInventory(createWorld(file))
    const other = await startInventory({ ...createWorld(file), newId: one.newId })
    await stock(one, 'TEA-1', 0)
    const asks = Array.from({ length: 20 }, (_, index) =>
      (index % 2 ? one : other).ask(receive, { body: { quantity: 7 }, key: 'r' }),
    )
    const answers = await Promise.all(asks)
    await one.kill()
    const after = await startInventory({ ...createWorld(file), newId: one.newId })
    answers.push(await after.ask(receive, { body: { quantity: 7 }, key: 'r' }))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(shelf(after, 'TEA-1')).toMatchObject({ received: 7 })
  })

  it.each([
    ['another quantity', receive, { quantity: 8 }],
    ['another SKU', 'POST /api/v1/stock/POT-1/receipts', { quantity: 7 }],
  ])('of %s under its key is refused', async (_what, route, body) => {
    const inventory = await startInventory()
    await stock(inventory, 'TEA-1', 0)
    await stock(inventory, 'POT-1', 0)
    await inventory.ask(receive, { body: { quantity: 7 }, key: 'r' })
    const answer = await inventory.ask(route, { body, key: 'r' })
    expect([answer.status, flawsOf(answer)]).toEqual([422, ['idempotency-key']])
    expect(shelf(inventory, 'POT-1')).toMatchObject({ received: 0 })
  })

  it('beyond a thousand million of one SKU is refused, and may be mended under its key', async () => {
    const inventory = await startInventory()
    await stock(inventory, 'TEA-1', 1)
    inventory.sqlite.exec('UPDATE item SET received = 999999999, available = 999999999')
    const refused = await inventory.ask(receive, { body: { quantity: 2 }, key: 'r' })
    expect([refused.status, flawsOf(refused)]).toEqual([422, ['#/quantity']])
    expect((await inventory.ask(receive, { body: { quantity: 1 }, key: 'r' })).status).toBe(201)
  })
})

it('a refused receipt leaves its key free', async () => {
  const inventory = await startInventory()
  expect((await inventory.ask(receive, { body: { quantity: 1 }, key: 'r' })).status).toBe(404)
  await stock(inventory, 'TEA-1', 0)
  expect((await inventory.ask(receive, { body: { quantity: 1 }, key: 'r' })).status).toBe(201)
  expect((await inventory.ask(receive, { body: { quantity: 1 }, key: newKey() })).status).toBe(201)
  expect(shelf(inventory, 'TEA-1')).toMatchObject({ received: 2 })
})
