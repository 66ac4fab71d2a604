import { resolve } from 'node:path'
import { customerToken } from './client.ts'
import { exampleOrder, placeAndFollow, type Told } from './first-order.ts'
import { readElsewhere, readFlags, UsageError } from './flags.ts'
import { CannotStart, type Fleet, startFleet } from './fleet.ts'
import { filesIn, root, urlOf } from './members.ts'
import { portsFrom } from './ports.ts'
import { seed } from './seed.ts'

/** `npm start`: the whole fleet on this machine, one order through it, and how to place the next. */

const warmOrders = 20

const say = (line: string) => console.log(`flotilla: ${line}`)

async function up(): Promise<number> {
  const { once, data, portBase } = readFlags(process.argv.slice(2))
  // SIGHUP: the terminal was closed. What it can no longer show is no reason to leave processes behind.
  const ended = endOf('SIGINT', 'SIGTERM', 'SIGHUP')
  const elsewhere = readElsewhere(process.env)
  const fleet = await startFleet({ data, ports: portsFrom(portBase), say, environment: process.env, elsewhere })
  let confirmed = false
  const tell = async () => {
    if (await seed(fleet)) say('a small catalogue is listed, with stock')
    confirmed = show(await placeAndFollow(fleet, 'ada'))
    say(await warm(fleet))
    if (once) return
    await explain(fleet)
    await ended
  }
  try {
    await Promise.race([tell(), ended])
  } finally {
    say('draining …')
    const bad = await fleet.supervisor.stop()
    say(bad.length === 0 ? 'all processes have drained' : `did not drain: ${bad.join(', ')}`)
    if (bad.length > 0) process.exitCode = 1
  }
  return once && !confirmed ? 1 : Number(process.exitCode ?? 0)
}

/** Resolves when somebody wants the end: by a signal, or by no longer reading what is said. */
function endOf(...signals: NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve())
    for (const output of [process.stdout, process.stderr]) output.on('error', () => resolve())
  })
}

function show({ orderId, status, accepted, steps }: Told): boolean {
  say(`order ${orderId}`)
  say(`  ${'POST answered 202'.padEnd(22)} after ${accepted.toFixed(0)} ms`)
  for (const { type, after } of steps) say(`  ${type.padEnd(22)} ${`+${after}`.padStart(5)} ms`)
  say(`  ${status} after ${afterOf(steps, status === 'confirmed' ? 'Confirmed' : 'Cancelled')} ms`)
  return status === 'confirmed'
}

/** The first order met cold processes; these meet warm ones, one at a time. */
async function warm(fleet: Fleet): Promise<string> {
  const took: number[] = []
  for (let placed = 0; placed < warmOrders; placed += 1) {
    const { steps } = await placeAndFollow(fleet, 'ada')
    const confirmed = afterOf(steps, 'Confirmed')
    if (confirmed !== undefined) took.push(confirmed)
  }
  const median = took.toSorted((one, other) => one - other)[took.length >> 1]
  return `${warmOrders} more, one at a time: ${took.length} confirmed, after ${median ?? '–'} ms (median)`
}

const afterOf = (steps: Told['steps'], wanted: string) => steps.find(({ type }) => type === wanted)?.after

async function explain({ url, ports, data }: Fleet) {
  const token = await customerToken(urlOf(ports, 'identity'), 'ada')
  const { fleet } = filesIn(data)
  const which = fleet === filesIn(resolve(root, '.flotilla')).fleet ? '' : ` --fleet ${fleet}`
  console.log(`
Place the next one:

  curl -i ${url}/api/v1/orders \\
    -H 'authorization: Bearer ${token}' \\
    -H "idempotency-key: $(date +%s%N)" -H 'content-type: application/json' \\
    -d '${JSON.stringify(exampleOrder)}'

  mails      ${urlOf(ports, 'mailbox')}/
  processes  ${fleet}
  logs       ${filesIn(data).log('*')}
  a token    npm run --silent token -- ada${which}
  the proof  npm run verify${which && ` --${which}`}

Ctrl-C drains and ends everything.
`)
}

up().then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof UsageError || error instanceof CannotStart) console.error(`flotilla: ${error.message}`)
    else console.error(error)
    process.exit(error instanceof UsageError ? 2 : 1)
  },
)
