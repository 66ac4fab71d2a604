import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientOf, startTestCosmos, temporaryFolder } from './cosmos.ts'

const main = join(import.meta.dirname, '..', 'src', 'main.ts')

function run(...flags: string[]): ChildProcess {
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

interface Ready {
  event: string
  name: string
  port: number
  endpoint: string
  key: string
}

async function start(...flags: string[]): Promise<{ child: ChildProcess; ready: Ready }> {
  const child = run('--port', '0', ...flags)
  const [line] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [string]
  return { child, ready: JSON.parse(line) as Ready }
}

async function ended(child: ChildProcess): Promise<{ code: number | null; complaint: string }> {
  const [complaint, [code]] = await Promise.all([text(child.stderr as NodeJS.ReadableStream), once(child, 'exit')])
  return { code, complaint }
}

describe('the process', () => {
  test('says in one line where it is and by which key, serves, and ends with 0 on SIGTERM', async () => {
    const { child, ready } = await start('--data', await temporaryFolder())
    expect(ready).toEqual({
      event: 'ready',
      name: 'cosmos',
      port: expect.any(Number),
      endpoint: `http://127.0.0.1:${ready.port}`,
      key: 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==',
    })
    expect((await fetch(`${ready.endpoint}/health/ready`)).status).toBe(200)
    const client = clientOf(ready)
    expect((await client.databases.create({ id: 'd' })).statusCode).toBe(201)
    child.kill('SIGTERM')
    expect(await ended(child)).toEqual({ code: 0, complaint: '' })
    client.dispose()
  })

  test('a taken port is named', async () => {
    const { cosmos } = await startTestCosmos()
    const { code, complaint } = await ended(run('--port', String(cosmos.port)))
    expect(code).toBe(1)
    expect(complaint).toContain(`port ${cosmos.port} on 127.0.0.1 is taken`)
  })

  test.each([
    [['--port', '70000'], '--port'],
    [['--colour', 'red'], '--colour'],
    [['--data'], '--data'],
    [['--faults=yes'], '--faults'],
  ])('%j is refused by name', async (flags, name) => {
    const { code, complaint } = await ended(run(...flags))
    expect(code).toBe(1)
    expect(complaint).toContain(name)
  })

  test('killed under load it has lost no write that it acknowledged, and done no batch by half', async () => {
    const data = await temporaryFolder()
    const { child, ready } = await start('--data', data)
    const client = clientOf(ready)
    const { database } = await client.databases.create({ id: 'd' })
    const { container } = await database.containers.create({ id: 'c', partitionKey: '/pk' })
    const created: string[] = []
    const batches: string[] = []
    let isDead = false
    const write = async (writer: number) => {
      for (let index = 0; !isDead; index += 1) {
        const id = `${writer}-${index}`
        await container.items.create({ id, pk: 'single', text: 'x'.repeat(500) })
        created.push(id)
        const pair = ['left', 'right'].map((side) => ({
          operationType: 'Create' as const,
          resourceBody: { id: side, pk: id },
        }))
        const { code } = await container.items.batch(pair, id)
        if (code === 200) batches.push(id)
        if (batches.length >= 300) child.kill('SIGKILL')
      }
    }
    const exited = once(child, 'exit').then(() => {
      isDead = true
    })
    await Promise.allSettled(Array.from({ length: 20 }, (_, writer) => write(writer)))
    await exited
    client.dispose()
    const { client: again } = await startTestCosmos({ data })
    const same = again.database('d').container('c')
    const all = (await same.items.query('SELECT c.id, c.pk FROM c', { maxItemCount: -1 }).fetchAll()).resources as {
      id: string
      pk: string
    }[]
    const singles = new Set(all.filter(({ pk }) => pk === 'single').map(({ id }) => id))
    const sides = Map.groupBy(
      all.filter(({ pk }) => pk !== 'single'),
      ({ pk }) => pk,
    )
    expect(created.filter((id) => !singles.has(id))).toEqual([])
    expect(batches.length).toBeGreaterThanOrEqual(300)
    expect(batches.filter((pk) => !sides.has(pk))).toEqual([])
    expect([...sides.values()].filter(({ length }) => length !== 2)).toEqual([])
  })
})
