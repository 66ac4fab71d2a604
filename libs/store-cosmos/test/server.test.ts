import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Container } from '@azure/cosmos'
import { type Cosmos, startCosmos } from '@flotilla/cosmos/server'
import { systemClock } from '@flotilla/decider/clock'
import { storeContract } from '@flotilla/decider/contract'
import type { ContractRow } from '@flotilla/decider/contract-domain'
import type { Subject } from '@flotilla/decider/contract-subject'
import { Unavailable } from '@flotilla/decider/store'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createCosmosClient, ensureContainer } from '../src/client.ts'
import { cosmosDocuments } from '../src/cosmos.ts'
import { type CosmosStoreOptions, createCosmosStore } from '../src/cosmos-store.ts'
import { mailKey, mailProcess, monthOfSeconds, noteSent, owe } from './mail.ts'

const clock = systemClock
let shared: Cosmos
beforeAll(async () => {
  shared = await startCosmos()
})
afterAll(() => shared.close())

let databases = 0

/** The contract's subject over a container of its own; `break` opens a breaker. */
async function containerSubject(settings: Partial<CosmosStoreOptions<ContractRow>>): Promise<Subject> {
  const { endpoint, key } = shared
  const database = `d${++databases}`
  const client = await createCosmosClient({ endpoint, key })
  const container = await ensureContainer({ client, database, container: 'rows' })
  let isAway = false
  const open = (container: Container) =>
    createCosmosStore<ContractRow>({ container, clock, mapping: { schemaVersion: 1 }, ...settings })
  const guard = <T>(run: () => Promise<T>) => (isAway ? Promise.reject(new Error('the breaker is open')) : run())
  const store = createCosmosStore<ContractRow>({ container, clock, mapping: { schemaVersion: 1 }, guard, ...settings })
  return {
    store,
    second: async () => open(container),
    history: async (home) => (await open(container).find(home))?.history ?? [],
    break: async () => {
      isAway = true
    },
    async dispose() {
      await store.close()
      client.dispose()
    },
  }
}

const can = { manyRows: false, constraints: false, prunes: false }
storeContract('a container', () => containerSubject({}), can)
storeContract('a container of new documents', () => containerSubject({ assumeNew: true }), can)

/** A server of its own, which may be killed and started again over its data. */
async function serverOf(settings: { data?: string; port?: number } = {}) {
  const server = await startCosmos({ faults: true, ...settings })
  const client = await createCosmosClient(server)
  const container = await ensureContainer({ client, database: 'd', container: 'mails' })
  let isOpen = true
  const close = async () => {
    client.dispose()
    if (isOpen) await server.close()
    isOpen = false
  }
  onTestFinished(close)
  return { server, container, close, ...mailProcess(cosmosDocuments({ container }), clock) }
}

const orders = (count: number) => Array.from({ length: count }, (_, index) => `o${index}`)

describe('over a server', () => {
  test.each([408, 410, 429, 449, 500, 503] as const)('fifty times %i delays orders and loses none', async (status) => {
    const { server, store, handle, outbox } = await serverOf()
    await handle(owe('first'))
    const ids = orders(60)
    server.setFault({ status, count: 50, retryAfterMs: 5 })
    await Promise.all(ids.map((order) => handle(owe(order))))
    server.setFault({ status, count: 50, retryAfterMs: 5 })
    await Promise.all(ids.map((order) => handle(noteSent(order))))
    expect(outbox).toHaveLength(60)
    server.setFault({ status, count: 20, retryAfterMs: 5 })
    await store.forget(outbox.map(({ id }) => id))
    await store.close()
    expect(await mailProcess(cosmosDocuments(await containerOf(server)), clock).store.backlog()).toMatchObject({
      oldestOutboxAt: undefined,
    })
  })

  test('a server that is killed makes orders Unavailable, and the process goes on when it is back', async () => {
    const data = await mkdtemp(join(tmpdir(), 'store-cosmos-'))
    onTestFinished(() => rm(data, { recursive: true, force: true }))
    const { server, close, handle, store, work } = await serverOf({ data })
    await Promise.all(orders(20).map((order) => handle(owe(order))))
    await close()
    const late = await Promise.allSettled(orders(20).map((order) => handle(noteSent(order))))
    expect(late.every((each) => each.status === 'rejected' && each.reason instanceof Unavailable)).toBe(true)
    const back = await startCosmos({ data, port: server.port })
    onTestFinished(() => back.close())
    const outcomes = await Promise.all(orders(20).map((order) => handle(noteSent(order))))
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true)
    expect(work).toHaveLength(20)
    expect(await store.find(mailKey('o3'))).toMatchObject({ version: 2, state: { status: 'sent' } })
  })

  test('what a process left is claimed by another, which was not told of it, and forgotten by its id', async () => {
    const { container, store, handle, outbox } = await serverOf()
    await handle(owe('a'))
    await handle(owe('b'))
    await handle(noteSent('a'))
    const other = mailProcess(cosmosDocuments({ container }), clock)
    await other.store.forget(outbox.map(({ id }) => id))
    const later = Date.now() + 60_000
    expect(await other.store.claimOutbox(later, later + 1, 10)).toEqual([])
    expect(await other.store.claimWork(later, later + 1, 10)).toMatchObject([{ id: 'mail:b', attempts: 1 }])
    await mailProcess(cosmosDocuments({ container }), clock).store.postpone(
      { id: 'mail:b', visibleAt: later + 1 },
      later + 5_000,
      4,
    )
    expect(await store.claimWork(later + 4_000, later + 9_000, 10)).toEqual([])
    expect(await store.claimWork(later + 6_000, later + 9_000, 10)).toMatchObject([{ id: 'mail:b', attempts: 5 }])
  })

  test('a final document has its time to live, and the container lets only such expire', async () => {
    const { container, store, handle, outbox } = await serverOf()
    await handle(owe('a'))
    await handle(noteSent('a'))
    await store.forget(outbox.map(({ id }) => id))
    await store.close()
    expect((await container.item(mailKey('a'), 'a').read()).resource).toMatchObject({ ttl: monthOfSeconds, outbox: [] })
    const { resource } = await container.read()
    expect(resource).toMatchObject({ defaultTtl: -1, partitionKey: { paths: ['/orderId'] } })
    expect(resource?.indexingPolicy?.includedPaths?.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/orderId/?', '/nextOutboxAt/?', '/nextWorkAt/?', '/oldestOutboxAt/?', '/oldestDueAt/?']),
    )
  })

  test('request units are told by operation', async () => {
    const { container } = await serverOf()
    const charges: [string, number][] = []
    const onCharge = (...charge: [string, number]) => charges.push(charge)
    const { store, handle } = mailProcess(cosmosDocuments({ container, onCharge }), clock)
    await handle(owe('a'))
    await store.backlog()
    expect(charges.map(([operation]) => operation)).toEqual(['execute_bulk', 'query_items', 'query_items'])
    expect(charges.every(([, units]) => units > 0)).toBe(true)
  })
})

async function containerOf(server: Cosmos) {
  const client = await createCosmosClient(server)
  onTestFinished(() => client.dispose())
  return { container: client.database('d').container('mails') }
}
