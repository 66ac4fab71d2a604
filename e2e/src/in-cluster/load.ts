/**
 * The load, inside the cluster: orders at a steady rate whatever the answers do (an open loop), to one door. One line
 * of JSON for each request, when it was answered or failed, and a last one that says how many there were. SIGTERM: no more, wait for the
 * answers, end. It is mounted into a pod as it is, so it imports nothing but Node and types.
 */
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { LoadPlan } from './plan.ts'

/** One request: the door, its number, when it was sent (ms since the epoch), ms until its answer, its status (0: none), and the order's id, or why not. */
export type LoadLine = readonly [door: string, sequence: number, at: number, took: number, status: number, said: string]

/** The last line: all requests have a line of their own. */
export interface LastLine {
  readonly placed: number
}

const answerWithin = 30_000
/** Tokens hold for an hour. The issuer is no part of what is measured: it may be away when they are renewed. */
const renewEvery = 5 * 60_000

const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const customers = Array.from({ length: 8 }, (_, index) => `customer-${index}`)
const tokens = new Map<string, string>()

/** What answered, and how. */
interface Answer {
  readonly status: number
  readonly body: string
}

function send(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerWithin)
    const sent = request(url, { method: 'POST', agent, headers, signal }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

async function newToken(customer: string): Promise<void> {
  const form = new URLSearchParams({ grant_type: 'urn:flotilla:customer', customer }).toString()
  const type = 'application/x-www-form-urlencoded'
  const { status, body } = await send(`${plan.identity}/token`, { 'content-type': type }, form)
  if (status !== 200) throw new Error(`the issuer answered ${status} ${body}`)
  tokens.set(customer, (JSON.parse(body) as { access_token: string }).access_token)
}

/** A token that is not renewed is asked for again the next time; orders under one that has expired are refused, and counted. */
const renewTokens = () => Promise.allSettled(customers.map(newToken))

/** The network lets a new pod through a moment after its start. */
async function firstTokens(): Promise<void> {
  for (const until = Date.now() + answerWithin; ; await pause(500)) {
    try {
      await Promise.all(customers.map(newToken))
      return
    } catch (error) {
      if (Date.now() > until) throw error
    }
  }
}

const say = (line: LoadLine | LastLine) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function place(sequence: number): Promise<void> {
  const [customer, order] = [inTurn(customers, sequence), inTurn(plan.orders, sequence)]
  const authorization = `Bearer ${tokens.get(customer)}`
  const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() }
  const at = Date.now()
  const begun = performance.now()
  const took = () => Math.round((performance.now() - begun) * 10) / 10
  try {
    const { status, body } = await send(`${plan.url}/api/v1/orders`, headers, JSON.stringify(order))
    const said = status === 202 ? (JSON.parse(body) as { id: string }).id : body.slice(0, 300)
    say([plan.door, sequence, at, took(), status, said])
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    say([plan.door, sequence, at, took(), 0, `${code ?? ''} ${message}`.trim()])
  }
}

const inTurn = <Each>(of: readonly Each[], index: number) => of[index % of.length] as Each

await firstTokens()
const renewal = setInterval(renewTokens, renewEvery)
const placed: Promise<void>[] = []
const begun = performance.now()
await new Promise<void>((resolve) => {
  const end = () => {
    clearInterval(tick)
    resolve()
  }
  const tick = setInterval(() => {
    const due = Math.min(plan.most, Math.floor(((performance.now() - begun) / 1_000) * plan.perSecond) + 1)
    while (placed.length < due) placed.push(place(placed.length))
    if (placed.length >= plan.most) end()
  }, 5)
  process.on('SIGTERM', end)
})
clearInterval(renewal)
await Promise.all(placed)
say({ placed: placed.length })
agent.destroy()
