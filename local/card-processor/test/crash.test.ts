import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { card, client, folder } from './processor.ts'

async function start(data: string) {
  const child = spawn(process.execPath, ['src/main.ts', '--data', data], { cwd: new URL('..', import.meta.url) })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { port } = JSON.parse(line) as { port: number }
  return { child, stripe: client({ host: '127.0.0.1', port }) }
}

test('P6: what was answered with success is there after kill -9, under its key too', async () => {
  const data = await folder()
  const first = await start(data)
  const pay = (stripe: typeof first.stripe, idempotencyKey: string) =>
    stripe.paymentIntents.create({ ...card, payment_method: 'pm_card_visa', confirm: true }, { idempotencyKey })
  const answered = new Map<string, string>()
  const customers = Array.from({ length: 20 }, async (_, customer) => {
    for (let nth = 0; ; nth += 1) {
      const key = `k${customer}.${nth}`
      const { id } = await pay(first.stripe, key)
      answered.set(key, id)
      if (answered.size === 20) first.child.kill('SIGKILL')
    }
  })
  await Promise.allSettled(customers)
  expect(answered.size).toBeGreaterThanOrEqual(20)
  const second = await start(data)
  for (const [key, id] of answered) {
    expect(await second.stripe.paymentIntents.retrieve(id)).toMatchObject({
      status: 'succeeded',
      amount_received: 1250,
    })
    expect((await pay(second.stripe, key)).id).toBe(id)
  }
})
