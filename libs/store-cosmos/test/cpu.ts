import { Worker } from 'node:worker_threads'
import { systemClock } from '@flotilla/decider/clock'
import { createCosmosClient } from '../src/client.ts'
import { cosmosDocuments } from '../src/cosmos.ts'
import type { Documents } from '../src/documents.ts'
import { createTwin } from '../src/twin.ts'
import { mailProcess, noteSent, owe } from './mail.ts'

/**
 * Prints what an order costs this thread in CPU: owed, sent and forgotten, three writes, with a server that does nothing
 * in another thread. `node test/cpu.ts [orders at once] [seconds]`
 */
const [atOnce, seconds] = [Number(process.argv[2] ?? 100), Number(process.argv[3] ?? 2)]

const server = new Worker(
  `import { parentPort } from 'node:worker_threads'
   import { done, startScriptedServer } from ${JSON.stringify(new URL('scripted-server.ts', import.meta.url).href)}
   const { endpoint, key } = await startScriptedServer(done)
   parentPort.postMessage({ endpoint, key })`,
  { eval: true },
)
const where = await new Promise<{ endpoint: string; key: string }>((resolve) => server.once('message', resolve))
const client = await createCosmosClient(where)

async function measure(name: string, documents: Documents) {
  const { store, handle, outbox } = mailProcess(documents, systemClock)
  let orders = 0
  async function round() {
    const ids = Array.from({ length: atOnce }, () => `${orders++}`)
    await Promise.all(ids.map((id) => handle(owe(id))))
    await Promise.all(ids.map((id) => handle(noteSent(id))))
    await store.forget(outbox.splice(0).map(({ id }) => id))
  }
  for (const until = performance.now() + 500; performance.now() < until; ) await round()
  orders = 1_000_000
  const before = process.threadCpuUsage()
  const started = performance.now()
  while (performance.now() - started < seconds * 1_000) await round()
  await store.claimOutbox(0, 0, 1).catch(() => undefined)
  const { user, system } = process.threadCpuUsage(before)
  const count = orders - 1_000_000
  const perOrder = (user + system) / count
  process.stdout.write(
    `${name}: ${atOnce} at once, ${perOrder.toFixed(0)} µs an order, ${(perOrder / 3).toFixed(0)} µs a write, ${count} orders\n`,
  )
}

await measure('twin', createTwin(systemClock))
await measure('sdk', cosmosDocuments({ container: client.database('d').container('mails') }))
client.dispose()
await server.terminate()
