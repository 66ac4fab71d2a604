import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readElsewhere } from '@flotilla/up/flags'
import { BenchFleet } from './bench-fleet.ts'
import { cpuDuring } from './cpu.ts'
import { type Load, percentile, saturate, steadily } from './load.ts'
import { bareFastify, messagesOnly } from './peers.ts'

/** `npm run bench`: our figures beside their limits, measured in one run on this machine. */

const usage = `usage: npm run bench -- [--seconds N] [--orders N] [--store=sqlite|azure-sql]
  --seconds N  how long each rate is measured (5)
  --orders N   orders through the whole saga (5000)
  --store      where order, inventory and payment keep their rows (sqlite); azure-sql: on the SQL Server that
               FLOTILLA_SQLSERVER names, a connection string without Database`

const say = (line: string) => console.log(line)
const round = (value: number, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits })
const connections = 64
const rate = ({ accepted, seconds }: Load) => accepted / seconds

interface Settings {
  readonly seconds: number
  readonly orders: number
  readonly sqlServer: string | undefined
}

const options = { seconds: { type: 'string' }, orders: { type: 'string' }, store: { type: 'string' } } as const

function readSettings(): Settings {
  const { values } = parseArgs({ options })
  const { seconds = 5, orders = 5_000, store = 'sqlite' } = values
  const settings = { seconds: Number(seconds), orders: Number(orders) }
  if (!(settings.seconds >= 1 && settings.orders >= 100)) throw new Error(`at least 1 second and 100 orders\n${usage}`)
  if (store === 'sqlite') return { ...settings, sqlServer: undefined }
  if (store !== 'azure-sql') throw new Error(`--store is sqlite or azure-sql, not ${store}\n${usage}`)
  const { sqlServer } = readElsewhere({ FLOTILLA_SQLSERVER: process.env.FLOTILLA_SQLSERVER })
  if (sqlServer === undefined) throw new Error(`--store=azure-sql needs FLOTILLA_SQLSERVER\n${usage}`)
  return { ...settings, sqlServer }
}

/** Orders accepted by one order service with its broker, nobody listening; against Fastify that validates and answers. */
async function accepting(fleet: BenchFleet, { seconds, sqlServer }: Settings) {
  const bare = await bareFastify()
  const peers: Load[] = []
  const ours: Load[] = []
  // Alternated, so that a noisy moment does not meet one of them alone.
  for (let round = 0; round < 3; round += 1) {
    peers.push(await saturate({ ...fleet.target, url: bare.url }, { connections, seconds: seconds / 3 }))
    ours.push(await saturate(fleet.target, { connections, seconds: seconds / 3 }))
  }
  await bare.end()
  const median = (loads: Load[]) => loads.toSorted((one, other) => rate(one) - rate(other))[1] as Load
  const [peer, own] = [median(peers), median(ours)]
  const where = sqlServer === undefined ? 'on disk' : 'on SQL Server'
  say(`\norders accepted (one order service, token cached, validated, logged, random keys, ${where}, relay running)`)
  say(`  bare Fastify with ajv   ${round(rate(peer))}/s   p50 ${round(peer.p50, 1)} ms, p99 ${round(peer.p99, 1)} ms`)
  say(`  order service           ${round(rate(own))}/s   p50 ${round(own.p50, 1)} ms, p99 ${round(own.p99, 1)} ms`)
  say(`  ratio                   ${round(rate(own) / rate(peer), 2)}   (goal: at least 0.2)`)
}

/** Orders through the whole saga, with card, mail and Cosmos calls; against its messages alone. */
async function saga(fleet: BenchFleet, { orders, sqlServer }: Settings) {
  const peer = await messagesOnly(orders)
  const run = () =>
    cpuDuring(fleet.pids(), async () => {
      const begun = performance.now()
      const load = await saturate(fleet.target, { connections, count: orders })
      await fleet.orders.allEnded(120)
      return { load, seconds: (performance.now() - begun) / 1_000 }
    })
  const counting = sqlServer === undefined ? undefined : await fleet.counting(run)
  if (!counting) await fleet.warmUp()
  const { result, cpu } = counting?.result ?? (await run())
  const finished = orders / result.seconds
  say(
    `\norders through the whole saga (${round(orders)} orders, 4 services, broker, card, mail and Cosmos on this machine)`,
  )
  say(`  messages alone          ${round(peer.perSecond)}/s   ${round(peer.cpu)} µs CPU each`)
  say(`  whole saga              ${round(finished)}/s   ${round(cpu / orders)} µs CPU each`)
  say(`  ratio                   ${round(finished / peer.perSecond, 2)}   (goal: at least 0.2)`)
  say(
    `  accepted meanwhile      ${round(rate(result.load))}/s   p50 ${round(result.load.p50)} ms, p99 ${round(result.load.p99)} ms`,
  )
  if (!counting) return
  const trips = counting.counted.roundTrips ?? Number.NaN
  say(`  round trips per order   ${round(trips / counting.orders, 2)}   (goal: at most 3)`)
  say(`    ${round(trips)} of the order service for ${round(counting.orders)} orders, warming up and sweeping included`)
}

/** One order alone, and a steady stream: from the request to the confirmation, by the services' own clock. */
async function latency(fleet: BenchFleet, { seconds }: Settings) {
  const lines = [
    { name: 'one order alone', perSecond: 8, goal: 'p50 15 ms, p99 40 ms' },
    { name: '100 orders/s', perSecond: 100, goal: 'p99 50 ms' },
  ]
  say('\nfrom request to confirmed')
  for (const { name, perSecond, goal } of lines) {
    const accepted = await steadily(fleet.target, { perSecond, seconds: Math.max(seconds, 10) })
    await fleet.orders.allEnded(60)
    const took = await fleet.orders.timesToConfirm(accepted)
    say(`  ${name.padEnd(22)}  p50 ${percentile(took, 0.5)} ms, p99 ${percentile(took, 0.99)} ms   (goal: ${goal})`)
  }
}

function showTotals(fleet: BenchFleet) {
  const totals = fleet.totals()
  const isLocal = totals.every(({ roundTrips }) => roundTrips === undefined)
  say(`\ncommits over the whole run${isLocal ? ' (each flushes once)' : ''}`)
  for (const { service, roundTrips, commits, saved } of totals) {
    const trips = roundTrips === undefined ? '' : `, ${round(roundTrips)} round trips`
    say(
      `  ${service.padEnd(22)}  ${round(commits)} for ${round(saved)} commands: ${round(saved / commits, 1)} share one${trips}`,
    )
  }
}

async function bench(): Promise<void> {
  const settings = readSettings()
  const data = mkdtempSync(join(tmpdir(), 'flotilla-bench-'))
  const fleet = await BenchFleet.start(data, { environment: process.env, sqlServer: settings.sqlServer, say })
  try {
    await latency(fleet, settings)
    await saga(fleet, settings)
    await fleet.onlyOrder()
    await accepting(fleet, settings)
    await fleet.end()
    showTotals(fleet)
  } finally {
    await fleet.end()
    rmSync(data, { recursive: true, force: true })
  }
}

bench().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  },
)
