// Messages through the local broker on disk, published and consumed by one process: rate and CPU beside those of the bare
// SDK in the same run, and one message alone. Takes a few seconds.
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Message } from '@flotilla/contracts/message'
import { connect, createServiceBusBroker } from '../src/service-bus.ts'

const many = 10_000
const alone = 500
const topic = 'orders'
const service = 'payment'

const child = fork(new URL('./broker-process.ts', import.meta.url))
const [connectionString] = (await once(child, 'message')) as [string]

/** Counts what arrives, and wakes whoever waits for it. */
const heard = {
  count: 0,
  wake: () => {},
  add() {
    this.count += 1
    this.wake()
  },
  async until(count: number) {
    while (this.count < count) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
  },
}

const message = (): Message => ({
  id: randomUUID(),
  topic,
  type: 'order.payment-due.v1',
  correlationId: 'order',
  body: JSON.stringify({ text: 'x'.repeat(600) }),
})

interface Rate {
  readonly perSecond: number
  /** Microseconds per message. */
  readonly cpu: number
}

async function rate(publish: (messages: Message[]) => Promise<void>): Promise<Rate> {
  const target = heard.count + many
  const all = Array.from({ length: many }, message)
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all([publish(all), heard.until(target)])
  const seconds = (performance.now() - start) / 1_000
  const used = process.cpuUsage(cpu)
  return { perSecond: many / seconds, cpu: (used.user + used.system) / many }
}

/** The cheapest use of the SDK: arrays of 100, four in flight, each message completed as it comes. */
async function withSdk(): Promise<Rate> {
  const client = await connect({ connectionString })
  const receiver = client.createReceiver(topic, service, { skipParsingBodyAsJson: true })
  receiver.subscribe(
    {
      async processMessage(received) {
        heard.add()
        await receiver.completeMessage(received)
      },
      async processError({ error }) {
        throw error
      },
    },
    { autoCompleteMessages: false, maxConcurrentCalls: 100 },
  )
  const sender = client.createSender(topic)
  const result = await rate(async (all) => {
    const send = async () => {
      for (let batch = all.splice(0, 100); batch.length > 0; batch = all.splice(0, 100)) {
        const sent = batch.map(({ id, type, body }) => ({ messageId: id, subject: type, body: Buffer.from(body) }))
        await sender.sendMessages(sent)
      }
    }
    await Promise.all([send(), send(), send(), send()])
  })
  await client.close()
  return result
}

async function withBroker(): Promise<Rate> {
  const broker = await createServiceBusBroker({ connectionString })
  await broker.subscribe({ topic, service }, async () => heard.add())
  const result = await rate((all) => broker.publish(topic, all))
  await broker.close()
  return result
}

async function latency(): Promise<string> {
  const broker = await createServiceBusBroker({ connectionString })
  await broker.subscribe({ topic, service }, async () => heard.add())
  const times: number[] = []
  for (let n = 0; n < alone; n++) {
    const start = performance.now()
    const target = heard.count + 1
    await Promise.all([broker.publish(topic, [message()]), heard.until(target)])
    times.push(performance.now() - start)
  }
  await broker.close()
  times.sort((one, other) => one - other)
  const at = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(2)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
}

const median = (rates: readonly Rate[], of: keyof Rate): number =>
  rates.map((one) => one[of]).sort((one, other) => one - other)[rates.length >> 1] ?? Number.NaN

await withSdk()
await withBroker()
const sdk: Rate[] = []
const ours: Rate[] = []
for (let round = 0; round < 3; round++) {
  sdk.push(await withSdk())
  ours.push(await withBroker())
}
for (const [name, rates] of [
  ['bare SDK', sdk],
  ['this broker', ours],
] as const) {
  const perSecond = Math.round(median(rates, 'perSecond'))
  process.stdout.write(`${name}: ${perSecond} messages/s, ${median(rates, 'cpu').toFixed(0)} µs of CPU each\n`)
}
process.stdout.write(`CPU against the bare SDK: ${(median(ours, 'cpu') / median(sdk, 'cpu')).toFixed(2)}\n`)
process.stdout.write(`one message alone, published, stored and heard: ${await latency()}\n`)
child.disconnect()
