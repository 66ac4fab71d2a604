import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readElsewhere } from '../src/flags.ts'
import { filesIn, root } from '../src/members.ts'
import { eventually, order, post, readOrder, settled, type TestFleet, testFleet } from './support.ts'

/** A fleet whose broker and Cosmos DB somebody else runs. Our own stand-ins, started by hand, play Microsoft's emulators. */

const ends: (() => Promise<unknown>)[] = []
let elsewhere: { serviceBus: string; cosmos: string }
let fleet: TestFleet

/** Starts a program by hand, and gives what it says when it is ready. */
async function byHand(name: string, ...args: string[]): Promise<Record<string, unknown>> {
  const main = join(root, 'local', name, 'src', 'main.ts')
  const child = spawn(process.execPath, [main, '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  ends.push(async () => {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  })
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  return JSON.parse(line)
}

beforeAll(async () => {
  const config = join(root, 'deploy', 'emulators', 'service-bus.json')
  const [bus, cosmos] = await Promise.all([
    byHand('service-bus', '--admin-port', '0', '--config', config),
    byHand('cosmos'),
  ])
  elsewhere = { serviceBus: String(bus.connectionString), cosmos: String(cosmos.endpoint) }
  fleet = await testFleet({}, elsewhere)
}, 60_000)
afterAll(async () => {
  await fleet?.end()
  await Promise.all(ends.map((end) => end()))
}, 60_000)

async function verify(environment: Record<string, string>): Promise<{ code: number; said: string }> {
  const main = join(root, 'local', 'verify', 'src', 'main.ts')
  const args = [main, '--fleet', filesIn(fleet.data).fleet, '--settled']
  const child = spawn(process.execPath, args, { env: { ...process.env, FLOTILLA_COSMOS: '', ...environment } })
  let said = ''
  for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (text) => (said += text))
  const [code] = await once(child, 'close')
  return { code, said }
}

describe('a fleet with FLOTILLA_SERVICEBUS and FLOTILLA_COSMOS', () => {
  it('starts no stand-in in their place', () => {
    const { members } = JSON.parse(readFileSync(filesIn(fleet.data).fleet, 'utf8')) as { members: { name: string }[] }
    const names = members.map(({ name }) => name)
    expect(names).toContain('card-processor')
    expect(names).not.toContain('service-bus')
    expect(names).not.toContain('cosmos')
  })

  it('takes an order to its end and its mail, and P1 to P6 hold', async () => {
    const token = await fleet.token('ada')
    const { id } = (await post(fleet, token, order())).body
    const ended = await eventually(async () => {
      const found = await readOrder(fleet, token, id)
      return found.status === 'confirmed' || found.status === 'cancelled' ? found : undefined
    })
    expect(ended.status).toBe('confirmed')
    const { findings, records } = await settled(fleet, { accepted: [id] }, 60_000)
    expect(findings).toEqual([])
    expect(records.notifications.map(({ orderId }) => orderId)).toEqual([id])
    expect(records.mails.map(({ orderId }) => orderId)).toEqual([id])
  }, 90_000)

  it('is verified without the depths of a broker that is not the stand-in', async () => {
    const { code, said } = await verify({ FLOTILLA_COSMOS: elsewhere.cosmos })
    expect(said).toContain('not checked: the broker is not the stand-in')
    expect(said).toContain('kept   P1')
    expect(code).toBe(0)
  })

  it('is not verified without being told where its Cosmos DB is', async () => {
    const { code, said } = await verify({})
    expect(said).toContain('set FLOTILLA_COSMOS as it was set then')
    expect(code).toBe(2)
  })
})

describe('what runs elsewhere', () => {
  it('is read from the environment, where an empty value is none', () => {
    expect(readElsewhere({ PATH: '/bin', FLOTILLA_SERVICEBUS: '', FLOTILLA_COSMOS: '' })).toEqual({})
    expect(readElsewhere({ FLOTILLA_SERVICEBUS: elsewhere.serviceBus, FLOTILLA_COSMOS: elsewhere.cosmos })).toEqual(
      elsewhere,
    )
  })
  it.each([
    ['FLOTILLA_SERVICEBUS', '127.0.0.1:5672', 'FLOTILLA_SERVICEBUS is no connection string: Endpoint=sb://'],
    ['FLOTILLA_COSMOS', '127.0.0.1:8081', 'FLOTILLA_COSMOS is no endpoint such as http://127.0.0.1:8081'],
    ['FLOTILLA_COSMOS', 'https://127.0.0.1:8081', 'FLOTILLA_COSMOS is no endpoint such as http://127.0.0.1:8081'],
  ])('is refused by name: %s=%s', (name, value, says) => {
    expect(() => readElsewhere({ [name]: value })).toThrow(says)
  })
})
