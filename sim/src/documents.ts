import { Unavailable } from '@flotilla/decider/store'
import type { Answer, Body, Documents, Operation, Query } from '@flotilla/store-cosmos/documents'
import type { Fault, Twin } from '@flotilla/store-cosmos/twin'
import { type Owes, owesUntil } from './database.ts'
import type { Life } from './life.ts'
import { patiently } from './patience.ts'
import type { World } from './world.ts'

const to = 'notification-db'
const failure = (sent: boolean) => new Unavailable(sent ? 'Cosmos DB did not answer' : 'Cosmos DB is away')
/** As `cosmosDocuments` has it, in milliseconds. What has left by then may be done all the same, late. */
const patience = { lasts: 5_000, failure: () => failure(true) }

/** The documents as one process has them, with what can go wrong on the way there and back. */
export function connectDocuments(world: World, life: Life, twin: Twin): Documents {
  return {
    bulk: (operations, purpose) =>
      patiently(life, patience, () => ({
        to,
        what: purpose,
        run: () => carryOut(world, twin, operations, purpose),
        failure,
        harmless: operations.every(isRead),
        tell: (answers) => storyOf(operations, answers),
      })),
    query(query, purpose) {
      const step = { to, what: purpose, failure, harmless: true } as const
      // A look that would find nothing is spared the way there.
      if (findsNothing(query, twinOwes(twin)))
        return life.call({ ...step, run: () => ({ status: 200, found: [] }), instant: true })
      return patiently(life, patience, () => ({ ...step, run: () => twin.query(query, purpose) }))
    },
  }
}

const isRead = ({ type }: Operation) => type === 'read'

/**
 * One request of the SDK is several: one for each physical partition. When one of them fails, all operations get its answer,
 * also those that were carried out.
 */
async function carryOut({ chaos }: World, twin: Twin, operations: readonly Operation[], purpose: string) {
  if (operations.length > 1 && chaos.strikes('refused', `${to} partition`)) {
    const reached = operations.filter(() => chaos.draw() < 0.5)
    if (reached.length > 0) await twin.bulk(reached, purpose)
    if (chaos.draw() < 0.5) throw failure(true)
    return operations.map((): Answer => throttled(chaos.draw()))
  }
  const answers = await twin.bulk(operations, purpose)
  return answers.map((answer, index): Answer => {
    const isWritten = answer.status < 300 && !isRead(operations[index] as Operation)
    // A write that was too slow for the server itself may be done.
    return isWritten && chaos.strikes('lost', `${to} status`) ? { status: 408 } : answer
  })
}

const throttled = (chance: number) => ({ status: 429, retryAfter: 1 + Math.floor(chance * 500) })

/** What the server answers to one operation, or to a query, instead of doing it. */
export function twinFault({ chaos }: World): () => Fault | undefined {
  return () => {
    if (!chaos.strikes('refused', `${to} status`)) return undefined
    const status = [429, 449, 503, 408][Math.floor(chaos.draw() * 4)] as number
    return { kind: 'status', ...(status === 429 ? throttled(chaos.draw()) : { status }) }
  }
}

/** What each twin owes, as long as nothing is written. */
const known = new WeakMap<Twin, { readonly writes: number; readonly owes: Owes }>()

/** What stands in the twin's documents as owed. */
export function twinOwes(twin: Twin): Owes {
  const { creates, replaces } = twin.stats()
  const before = known.get(twin)
  if (before?.writes === creates + replaces) return before.owes
  const bodies = twin.all()
  const first = (property: string) => {
    const moments = bodies.flatMap((body) => (body[property] as number | undefined) ?? [])
    return moments.length > 0 ? Math.min(...moments) : undefined
  }
  const count = { messages: sizeOf(bodies, 'outbox'), work: sizeOf(bodies, 'work') }
  const owes = owesUntil(count, first('nextOutboxAt'), first('nextWorkAt'))
  known.set(twin, { writes: creates + replaces, owes })
  return owes
}

const sizeOf = (bodies: readonly Body[], list: 'outbox' | 'work') =>
  bodies.reduce((sum, body) => sum + (body[list] as readonly unknown[]).length, 0)

/** Documents that owe nothing until a moment are not found by a query for what is due before. */
function findsNothing({ where: { property, atMost } }: Query, { nextMessageAt, nextWorkAt }: Owes): boolean {
  if (atMost === undefined) return false
  const next = property === 'nextOutboxAt' ? nextMessageAt : property === 'nextWorkAt' ? nextWorkAt : 0
  return next === undefined || next > atMost
}

const storyOf = (operations: readonly Operation[], answers: readonly Answer[]) =>
  operations.map(({ type, id }, index) => `${type} ${id} ${answers[index]?.status}`).join(', ')
