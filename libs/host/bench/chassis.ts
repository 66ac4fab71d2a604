// A trivial validated, authenticated POST through the chassis with its log line, against bare Fastify with ajv, in turns
// in one run, each server in a process of its own. Takes about fifteen seconds. Prints requests/s, CPU µs and the ratio.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { startIssuer } from '../test/test-issuer.ts'

const CONNECTIONS = 32
const SECONDS = 2
const BODY = JSON.stringify({
  lines: Array.from({ length: 5 }, (_, n) => ({ sku: `SKU-${n}-0123456789`, quantity: n + 1 })),
  paymentMethod: 'pm_card_visa',
  contact: { email: 'ann@example.com' },
  note: 'x'.repeat(280),
})

type Server = { readonly name: string; readonly child: ChildProcess; readonly port: number; readonly request: string }

async function start(name: string, file: string, args: string[], headers: string[]): Promise<Server> {
  const child = fork(new URL(file, import.meta.url), args)
  const [port] = await once(child, 'message')
  const lines = ['POST /api/v1/orders HTTP/1.1', 'host: x', 'content-type: application/json', ...headers]
  return { name, child, port, request: `${lines.join('\r\n')}\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}` }
}

async function cpuMicros({ child }: Server): Promise<number> {
  child.send('cpu')
  const [micros] = await once(child, 'message')
  return micros as number
}

/** One connection that sends its next request when it has its answer; answers this small arrive in one piece. */
function client({ name, port, request }: Server, until: number, onAnswer: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.setNoDelay(true).setEncoding('latin1').on('error', reject)
    socket.on('data', (answer) => {
      if (!String(answer).startsWith('HTTP/1.1 202')) reject(new Error(`${name} answered ${answer}`))
      onAnswer()
      if (performance.now() < until) socket.write(request)
      else socket.end(() => resolve())
    })
  })
}

async function load(server: Server, seconds: number) {
  let answered = 0
  const before = await cpuMicros(server)
  const start = performance.now()
  const until = start + seconds * 1_000
  await Promise.all(Array.from({ length: CONNECTIONS }, () => client(server, until, () => answered++)))
  const rate = (answered * 1_000) / (performance.now() - start)
  return { rate, cpu: ((await cpuMicros(server)) - before) / answered }
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number

const issuer = await startIssuer()
const servers = [
  await start('bare Fastify + ajv', './bare-server.ts', [], []),
  await start(
    'chassis',
    './chassis-server.ts',
    [issuer.origin, issuer.audience],
    [`authorization: Bearer ${await issuer.token()}`],
  ),
]
const results = new Map(servers.map(({ name }) => [name, { rates: [] as number[], cpus: [] as number[] }]))
for (const server of servers) await load(server, 1)
for (let round = 0; round < 3; round++)
  for (const server of servers) {
    const { rate, cpu } = await load(server, SECONDS)
    results.get(server.name)?.rates.push(rate)
    results.get(server.name)?.cpus.push(cpu)
    process.stdout.write(`${server.name}: ${Math.round(rate)} requests/s, ${cpu.toFixed(1)} CPU µs each\n`)
  }
const [bare, chassis] = [...results.values()].map(({ rates, cpus }) => ({ rate: median(rates), cpu: median(cpus) }))
if (bare === undefined || chassis === undefined) throw new Error('nothing was measured')
process.stdout.write(`rate of the chassis to that of bare Fastify: ${(chassis.rate / bare.rate).toFixed(2)}; `)
process.stdout.write(`by CPU: ${(bare.cpu / chassis.cpu).toFixed(2)}\n`)
for (const { child } of servers) child.disconnect()
await issuer.close()
