/**
 * The load, inside the cluster: orders at a steady rate whatever the answers do (an open loop), each to one door in turn. One
 * line of JSON for each request, when it was answered or failed. SIGTERM: no more, wait for the answers, end. It is mounted
 * into a pod as it is, so it imports nothing but Node.
 */
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** What the pod is told, as JSON in its first argument. */
export interface LoadPlan {
  /** Who gives tokens. */
  readonly identity: string
  /** Where orders are placed, by name. */
  readonly doors: Readonly<Record<string, string>>
  /** Orders per second, over all doors. */
  readonly perSecond: number
  /** It ends by itself after so many. */
  readonly most: number
  /** Orders to place, in turn. */
  readonly orders: readonly unknown[]
}

/** One request: the door, when it was sent (ms since the epoch), ms until its answer, its status (0: none), and the order's id, or why not. */
export type LoadLine = readonly [door: string, at: number, took: number, status: number, said: string]

const answerWithin = 30_000
/** Tokens hold for an hour. The issuer is no part of what is measured: it may be away when they are renewed. */
const renewEvery = 5 * 60_000

const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const customers = Array.from({ length: 8 }, (_, index) => `customer-${index}`)
const tokens = new Map<string, string>()

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

async function renewTokens(): Promise<void> {
  for (const { status, reason } of (await Promise.allSettled(customers.map(newToken))) as PromiseRejectedResult[]) {
    if (status === 'rejected') process.stderr.write(`a token was not renewed: ${reason}\n`)
  }
}

const say = (...line: LoadLine) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function place(door: string, url: string, customer: string, order: unknown): Promise<void> {
  const authorization = `Bearer ${tokens.get(customer)}`
  const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() }
  const at = Date.now()
  const begun = performance.now()
  const took = () => Math.round((performance.now() - begun) * 10) / 10
  try {
    const { status, body } = await send(`${url}/api/v1/orders`, headers, JSON.stringify(order))
    say(door, at, took(), status, status === 202 ? (JSON.parse(body) as { id: string }).id : body.slice(0, 300))
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    say(door, at, took(), 0, `${code ?? ''} ${message}`.trim())
  }
}

const doors = Object.entries(plan.doors)
const inTurn = <Each>(of: readonly Each[], index: number) => of[index % of.length] as Each

await Promise.all(customers.map(newToken))
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
    while (placed.length < due) {
      const [door, url] = inTurn(doors, placed.length)
      const order = inTurn(plan.orders, Math.floor(placed.length / doors.length))
      placed.push(place(door, url, inTurn(customers, placed.length), order))
    }
    if (placed.length >= plan.most) end()
  }, 5)
  process.once('SIGTERM', end)
})
clearInterval(renewal)
await Promise.all(placed)
agent.destroy()
