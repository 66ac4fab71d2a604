import { expect, it } from 'vitest'
import { decidePrice, evolvePrice, type HearPrice, unlisted } from '../src/domain/price.ts'
import { newKey, placement, pot, startWithPrices, tea } from './ordering.ts'

const heard = (version: number, price: number): HearPrice => ({
  type: 'HearPrice',
  sku: 'TEA-1',
  version,
  name: 'Tea',
  price,
  currency: 'EUR',
})
const after = (...news: HearPrice[]) =>
  news.reduce((price, each) => decidePrice(price, each).events.reduce(evolvePrice, price), unlisted)

it('the price list takes the highest version, in whatever order they come', () => {
  expect(after(heard(1, 100), heard(3, 300), heard(2, 200), heard(3, 300)).price).toBe(300)
})

it('P5: a price list that was lost is told anew, whatever it was before', async () => {
  const { ask, broker, clock, sqlite } = await startWithPrices()
  const told = (item: typeof tea, version: number) =>
    broker.say(
      { type: 'stock.item-listed.v1', data: { ...item, version } },
      clock.now(),
      `item:${item.sku}.${version}.0`,
    )
  await told(tea, 2)
  sqlite.exec('DELETE FROM price')
  expect(await Promise.all([told(tea, 3), told(pot, 3)])).toEqual([{ kind: 'done' }, { kind: 'done' }])
  const { status, body } = await ask('POST /api/v1/orders', { body: placement, key: newKey() })
  expect([status, body.total]).toEqual([202, 3400])
})
