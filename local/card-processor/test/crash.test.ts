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
  const payments = Array.from({ length: 200 }, async (_, index) => {
    const { id } = await pay(first.stripe, `k${index}`)
    answered.set(`k${index}`, id)
    if (answered.size === 20) first.child.kill('SIGKILL')
  })
  const outcomes = await Promise.allSettled(payments)
  expect(outcomes.some((outcome) => outcome.status === 'rejected')).toBe(true)
  const second = await start(data)
  for (const [key, id] of answered) {
    expect(await second.stripe.paymentIntents.retrieve(id)).toMatchObject({
      status: 'succeeded',
      amount_received: 1250,
    })
    expect((await pay(second.stripe, key)).id).toBe(id)
  }
})
