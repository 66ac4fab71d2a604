import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { DeadLetter } from '../src/broker.ts'
import { createDeadLetters } from '../src/dead-letters.ts'
import { brokerAt, Inbox, localBroker, orderCancelled } from './local-broker.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

function run(connectionString: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, FLOTILLA_SERVICEBUS_CONNECTION_STRING: connectionString }
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err })
    })
  })
}

it('the command lists, explains, replays and drops, and says by its exit code whether it could', async () => {
  const local = await localBroker()
  const { broker } = await brokerAt(local.connectionString)
  const inbox = new Inbox()
  let mended = false
  await broker.subscribe({ topic: 'orders', service: 'notification' }, async (delivery) => {
    if (!mended) throw new DeadLetter('BadData', 'total is not a number')
    await inbox.listener(delivery)
  })
  await broker.publish('orders', [orderCancelled('order-1.3.0'), orderCancelled('order-2.3.0')])
  await expect
    .poll(async () => (await createDeadLetters(local, 'notification').list()).length, { timeout: 5_000 })
    .toBe(2)
  mended = true
  const command = (...args: string[]) => run(local.connectionString, ...args, '--service', 'notification')

  const listed = await command('list', '--json')
  expect(listed.code).toBe(0)
  expect(JSON.parse(listed.out)).toMatchObject([{ reason: 'BadData' }, { reason: 'BadData' }])
  expect(listed.out).not.toContain('ada@example.org')

  const explained = await command('explain', 'order-1.3.0')
  expect(explained.out).toContain('total is not a number')
  expect(explained.out).toContain('0af7651916cd43dd8448eb211c80319c')

  const [replayed, missing] = await Promise.all([command('replay', 'order-1.3.0'), command('explain', 'order-9.3.0')])
  expect(replayed).toMatchObject({ code: 0, out: 'replayed order-1.3.0 (orders)\n1 replayed\n' })
  expect(missing).toMatchObject({ code: 1, out: '' })
  expect(missing.err).toContain('order-9.3.0 is not among the dead letters of notification')
  await inbox.until(() => inbox.deliveries.length === 1)

  expect(await command('drop', '--all', '--reason', 'BadData')).toMatchObject({
    code: 0,
    out: expect.stringContaining('1 dropped'),
  })
  expect(await command('list')).toMatchObject({ code: 0, out: 'Nothing was put aside.\n' })
  expect(await command('drop')).toMatchObject({ code: 2, err: expect.stringContaining('drop what?') })
}, 20_000)
