import { expect, it } from 'vitest'
import { decidePrice, evolvePrice, type HearPrice, unlisted } from '../src/domain/price.ts'

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
