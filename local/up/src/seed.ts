import { existsSync, writeFileSync } from 'node:fs'
import { ask, operatorToken } from './client.ts'
import type { Fleet } from './fleet.ts'
import { filesIn, urlOf } from './members.ts'

interface SeedItem {
  readonly sku: string
  readonly name: string
  readonly price: number
  readonly currency: string
  readonly quantity: number
}

/** A small shop. Prices in cents. */
export const catalogue: readonly SeedItem[] = [
  { sku: 'TEA-EARL-GREY', name: 'Earl Grey, 100 g', price: 890, currency: 'EUR', quantity: 100_000 },
  { sku: 'TEA-SENCHA', name: 'Sencha, 100 g', price: 1_250, currency: 'EUR', quantity: 100_000 },
  { sku: 'POT-CAST-IRON', name: 'Cast iron pot, 0.8 l', price: 6_900, currency: 'EUR', quantity: 50 },
  { sku: 'CUP-STONEWARE', name: 'Stoneware cup', price: 1_490, currency: 'EUR', quantity: 100_000 },
]

/** Lists the catalogue and receives its stock, once in the life of a data folder. True when it was done now. */
export async function seed({ data, ports, url }: Pick<Fleet, 'data' | 'ports' | 'url'>): Promise<boolean> {
  const marker = filesIn(data).seeded
  if (existsSync(marker)) return false
  const token = await operatorToken(urlOf(ports, 'identity'))
  await Promise.all(catalogue.map((item) => list(url, token, item)))
  writeFileSync(marker, `${new Date().toISOString()}\n`)
  return true
}

export async function list(url: string, token: string, { sku, name, price, currency, quantity }: SeedItem) {
  const item = `${url}/api/v1/stock/${sku}`
  await ask(item, token, {
    method: 'PUT',
    headers: { 'if-none-match': '*' },
    body: { name, price, currency },
    // Listed by an earlier start that was cut short; its receipt has the same key.
    expect: [200, 412],
  })
  await ask(`${item}/receipts`, token, {
    method: 'POST',
    headers: { 'idempotency-key': `seed-${sku}` },
    body: { quantity },
    expect: [201],
  })
}
