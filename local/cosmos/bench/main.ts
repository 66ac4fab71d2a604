/**
 * What the server does per second, on disk, for the real client in this process with 50 calls at a time; beside it what the same
 * client reaches with a server that does nothing, and what the engine does without HTTP. Prints JSON. Argument: seconds per
 * figure (2).
 */
import { spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CosmosClient } from '@azure/cosmos'
import { wellKnownKey } from '../src/engine/authorization.ts'
import { Engine } from '../src/engine/engine.ts'

const seconds = Number(process.argv[2] ?? 2)
const atOnce = 50
const folder = mkdtempSync(join(tmpdir(), 'cosmos-bench-'))
const text = 'x'.repeat(400)

const server = spawn(
  process.execPath,
  [join(import.meta.dirname, '..', 'src', 'main.ts'), '--port', '0', '--data', join(folder, 'http')],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
const { endpoint, key } = JSON.parse(line) as { endpoint: string; key: string }
const client = new CosmosClient({ endpoint, key, connectionPolicy: { enableEndpointDiscovery: false } })
const { database } = await client.databases.createIfNotExists({ id: 'bench' })
const indexingPolicy = { includedPaths: [{ path: '/dueAt/?' }], excludedPaths: [{ path: '/*' }] }
const { container } = await database.containers.createIfNotExists({ id: 'c', partitionKey: '/pk', indexingPolicy })
const { items } = container

/** Calls per second, 50 at a time. */
async function rate(work: (call: number) => Promise<unknown>): Promise<number> {
  let calls = 0
  const start = performance.now()
  const until = start + seconds * 1000
  const worker = async () => {
    while (performance.now() < until) await work(calls++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return Math.round(calls / ((performance.now() - start) / 1000))
}

const figures: Record<string, number> = {}

/** Creates against a server that answers everything at once with what a client needs to hear. */
const idle = spawn(process.execPath, [join(import.meta.dirname, 'idle.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
const [place] = (await once(createInterface({ input: idle.stdout }), 'line')) as [string]
const idleClient = new CosmosClient({ endpoint: place, key, connectionPolicy: { enableEndpointDiscovery: false } })
const idleItems = idleClient.database('bench').container('c').items
figures.createsAgainstNothing = await rate((call) => idleItems.create({ id: randomUUID(), pk: `p${call}`, text }))
idleClient.dispose()
idle.kill('SIGTERM')
const known: { id: string; pk: string }[] = []
const some = (call: number) => known[(call * 7919) % known.length] as { id: string; pk: string }

figures.creates = await rate(async (call) => {
  const place = { id: randomUUID(), pk: `p${call % 1000}` }
  await items.create({ ...place, dueAt: call, text })
  known.push(place)
})
figures.reads = await rate((call) => container.item(some(call).id, some(call).pk).read())
figures.upserts = await rate((call) => items.upsert({ ...some(call), dueAt: call, text }))
figures.patches = await rate((call) =>
  container.item(some(call).id, some(call).pk).patch([{ op: 'set', path: '/seen', value: call }]),
)
figures.bulkOperations =
  100 *
  (await rate(() =>
    items.bulk(
      Array.from({ length: 100 }, (_, index) => ({
        operationType: 'Create',
        partitionKey: `p${index}`,
        resourceBody: { id: randomUUID(), pk: `p${index}`, dueAt: index, text },
      })),
    ),
  ))
figures.queriesInPartition = await rate((call) =>
  items
    .query(
      { query: 'SELECT TOP 10 * FROM c WHERE c.dueAt >= @p', parameters: [{ name: '@p', value: 0 }] },
      { partitionKey: some(call).pk },
    )
    .fetchAll(),
)
const { resources: counted } = await items.query('SELECT VALUE COUNT(1) FROM c').fetchAll()
figures.queriesAcrossPartitions = await rate((call) =>
  items
    .query({
      query: 'SELECT TOP 10 * FROM c WHERE c.dueAt >= @low AND c.dueAt < @high ORDER BY c.dueAt',
      parameters: [
        { name: '@low', value: 200 + (call % 1000) },
        { name: '@high', value: 210 + (call % 1000) },
      ],
    })
    .fetchAll(),
)
client.dispose()
server.kill('SIGTERM')
await once(server, 'exit')

const engine = new Engine({ data: join(folder, 'engine'), now: Date.now, endpoint: () => '' })
const date = new Date().toUTCString()
const sign = (method: string, type: string, link: string, path: string, body: unknown) => {
  const signature = createHmac('sha256', Buffer.from(wellKnownKey, 'base64'))
    .update(`${method.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`)
    .digest('base64')
  const authorization = encodeURIComponent(`type=master&ver=1.0&sig=${signature}`)
  return { method, path, headers: { authorization, 'x-ms-date': date }, body: JSON.stringify(body) }
}
engine.handle(sign('POST', 'dbs', '', '/dbs', { id: 'd' }))
engine.handle(sign('POST', 'colls', 'dbs/d', '/dbs/d/colls', { id: 'c', partitionKey: { paths: ['/pk'] } }))
let created = 0
const start = performance.now()
while (performance.now() - start < seconds * 1000) {
  const requests = Array.from({ length: atOnce }, (_, index) =>
    sign('POST', 'docs', 'dbs/d/colls/c', '/dbs/d/colls/c/docs', { id: `${created + index}`, pk: `p${index}`, text }),
  )
  const responses = engine.handleAll(requests)
  if (responses.some(({ status }) => status !== 201)) throw new Error(`a create failed: ${responses[0]?.body}`)
  created += atOnce
}
figures.createsWithoutHttp = Math.round(created / ((performance.now() - start) / 1000))
engine.close()
rmSync(folder, { recursive: true, force: true })
process.stdout.write(`${JSON.stringify({ atOnce, documents: counted[0], perSecond: figures }, null, 2)}\n`)
