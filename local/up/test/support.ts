import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CheckOptions, check, type Finding } from '@flotilla/verify/check'
import { readRecords, type Sources } from '@flotilla/verify/read'
import type { Records } from '@flotilla/verify/records'
import { describe } from 'vitest'
import { ask, customerToken, type OrderView } from '../src/client.ts'
import { type Fleet, type FleetOptions, startFleet } from '../src/fleet.ts'
import { cosmosEndpoint, cosmosKey, type Elsewhere, urlOf } from '../src/members.ts'
import { freePorts } from '../src/ports.ts'
import { catalogue, seed } from '../src/seed.ts'

const sqlServer = process.env.FLOTILLA_SQLSERVER || undefined

/** Tests of the fleet on SQLite and, where FLOTILLA_SQLSERVER names one, on a SQL Server, each with databases of its own. */
export function onEachDatabase(tests: (elsewhere: Elsewhere) => void) {
  describe('on SQLite', () => tests({}))
  describe.skipIf(sqlServer === undefined)('on SQL Server (FLOTILLA_SQLSERVER)', () => tests({ sqlServer }))
}

/** A fleet of its own for a test: free ports, a temporary folder, the small catalogue. */
export interface TestFleet extends Fleet {
  readonly said: readonly string[]
  readonly sources: Sources
  token(customer: string): Promise<string>
  end(): Promise<void>
}

export async function testFleet(env: FleetOptions['env'] = {}, elsewhere: Elsewhere = {}): Promise<TestFleet> {
  const data = mkdtempSync(join(tmpdir(), 'flotilla-'))
  const said: string[] = []
  const ports = await freePorts()
  const say = (line: string) => said.push(line)
  const fleet = await startFleet({ data, ports, env, elsewhere, say, environment: process.env })
  await seed(fleet)
  const sources: Sources = {
    databases: fleet.databases.sources,
    cosmos: { endpoint: cosmosEndpoint({ ports, elsewhere }), key: cosmosKey },
    cardProcessor: urlOf(ports, 'card-processor'),
    mailbox: urlOf(ports, 'mailbox'),
    broker: elsewhere.serviceBus === undefined ? urlOf(ports, 'service-bus-admin') : undefined,
  }
  await priceListHeard(fleet)
  return {
    ...fleet,
    said,
    sources,
    token: (customer) => customerToken(urlOf(ports, 'identity'), customer),
    async end() {
      await fleet.supervisor.stop()
      await fleet.databases.drop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** The price list hears of the catalogue through the broker; orders before that are refused. */
async function priceListHeard(fleet: Fleet) {
  const token = await customerToken(urlOf(fleet.ports, 'identity'), 'first')
  await eventually(async () => {
    const lines = catalogue.map(({ sku }) => ({ sku, quantity: 1 }))
    // A total that nobody expects: the order is priced, and not placed.
    const body = { ...order(lines), expectedTotal: 1 }
    const { status } = await post(fleet, token, body, [409, 422])
    return status === 409 ? true : undefined
  })
}

export const order = (
  lines: readonly { sku: string; quantity: number }[] = [{ sku: 'TEA-SENCHA', quantity: 1 }],
  paymentMethod = 'pm_card_visa',
  email = 'ada@example.com',
) => ({ lines, paymentMethod, contact: { email } })

export const post = (
  fleet: Fleet,
  token: string,
  body: unknown,
  expect: readonly number[] = [202],
  key: string = randomUUID(),
) =>
  ask<OrderView>(`${fleet.url}/api/v1/orders`, token, {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body,
    expect,
  })

export const readOrder = async (fleet: Fleet, token: string, id: string): Promise<OrderView> =>
  (await ask<OrderView>(`${fleet.url}/api/v1/orders/${id}`, token)).body

/** Asks again until there is an answer; fails with the last reason after `within` milliseconds. */
export async function eventually<Answer>(
  question: () => Promise<Answer | undefined>,
  { within = 60_000, every = 50 }: { within?: number; every?: number } = {},
): Promise<Answer> {
  const until = Date.now() + within
  for (;;) {
    const answer = await question()
    if (answer !== undefined) return answer
    if (Date.now() > until) throw new Error(`not within ${within} ms`)
    await new Promise((resolve) => setTimeout(resolve, every))
  }
}

/** Waits until everything has come to its end, and tells what is still wrong if it does not. */
export async function settled(
  { sources }: TestFleet,
  options: CheckOptions,
  within: number,
): Promise<{ findings: Finding[]; records: Records }> {
  const until = Date.now() + within
  for (;;) {
    const records = await readRecords(sources)
    const findings = check(records, { ...options, settled: true })
    if (findings.length === 0 || Date.now() > until) return { findings, records }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
