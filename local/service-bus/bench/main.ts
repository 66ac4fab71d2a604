import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ServiceBusClient } from '@azure/service-bus'

/**
 * The broker with a disk against the same broker without one, in one run: rounds alternate, so that a noisy machine is
 * noisy for both. The client is the bottleneck of both (its CPU per message is the larger), so CPU per message is shown.
 */

const messages = 12_000
const rounds = 3
const body = { text: 'x'.repeat(700) }
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Broker {
  readonly child: ChildProcess
  readonly client: ServiceBusClient
}

interface Figures {
  sendRate: number
  receiveRate: number
  batchRate: number
  /** One after the other, milliseconds. */
  sendLatency: number
}

async function start(flags: readonly string[]): Promise<Broker> {
  const child = spawn(process.execPath, [main, '--port', '0', '--admin-port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once((child.stdout as NodeJS.ReadableStream).setEncoding('utf8'), 'data')
  return { child, client: new ServiceBusClient(JSON.parse(line).connectionString) }
}

async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (count * 1000) / (performance.now() - began)
}

async function round({ client }: Broker): Promise<Figures> {
  const sender = client.createSender('work')
  const receiver = client.createReceiver('work')
  const each = async (count: number, send: () => Promise<void>) => {
    for (let at = 0; at < count; at += 1) await send()
  }
  const send = () => sender.sendMessages({ body })
  await each(200, send)
  const began = performance.now()
  await each(500, send)
  const sendLatency = (performance.now() - began) / 500
  const sendRate = await rate(messages, () => Promise.all(Array.from({ length: 50 }, () => each(messages / 50, send))))
  const batch = Array.from({ length: 100 }, () => ({ body }))
  const batchRate = await rate(messages, () =>
    Promise.all(Array.from({ length: 4 }, () => each(messages / 400, () => sender.sendMessages(batch)))),
  )
  const total = messages * 2 + 700
  const receiveRate = await rate(total, () => receiveAll(receiver, total))
  await receiver.close()
  await sender.close()
  return { sendRate, receiveRate, batchRate, sendLatency }
}

async function receiveAll(receiver: ReturnType<ServiceBusClient['createReceiver']>, total: number): Promise<void> {
  let completed = 0
  await new Promise<void>((resolve, reject) => {
    receiver.subscribe(
      {
        processMessage: async (message) => {
          await receiver.completeMessage(message)
          completed += 1
          if (completed === total) resolve()
        },
        processError: async ({ error }) => reject(error),
      },
      { autoCompleteMessages: false, maxConcurrentCalls: 50 },
    )
  })
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] as number

const directory = mkdtempSync(join(tmpdir(), 'service-bus-bench-'))
const config = join(directory, 'config.json')
writeFileSync(config, JSON.stringify({ UserConfig: { Namespaces: [{ Name: 'bench', Queues: [{ Name: 'work' }] }] } }))
const disk = await start(['--config', config, '--data', join(directory, 'data')])
const memory = await start(['--config', config])
const figures: Record<'disk' | 'memory', Figures[]> = { disk: [], memory: [] }
for (let at = 0; at < rounds; at += 1) {
  figures.memory.push(await round(memory))
  figures.disk.push(await round(disk))
}
const row = (what: string, key: keyof Figures, digits: number) => {
  const [onDisk, inMemory] = [figures.disk, figures.memory].map((all) => median(all.map((each) => each[key]))) as [
    number,
    number,
  ]
  const ratio = key === 'sendLatency' ? inMemory / onDisk : onDisk / inMemory
  return {
    what,
    'with a disk': onDisk.toFixed(digits),
    'without one': inMemory.toFixed(digits),
    ratio: ratio.toFixed(2),
  }
}
const table = [
  row('sends/s, 50 at once', 'sendRate', 0),
  row('sends/s, batches of 100', 'batchRate', 0),
  row('receive and complete/s, 50 at once', 'receiveRate', 0),
  row('one send after another, ms', 'sendLatency', 3),
]
process.stdout.write(`${table.map((line) => JSON.stringify(line)).join('\n')}\n`)
for (const { child, client } of [disk, memory]) {
  await client.close()
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
rmSync(directory, { recursive: true })
