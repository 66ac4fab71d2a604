import type { Intent } from './intent.ts'
import type { Books, Call, Page } from './ledger.ts'
import type { Refund } from './refund.ts'

/** Books in memory, for simulations: as cheap as can be, and without commits. */
export interface MemoryLedger extends Books {
  /** Oldest first. */
  intents(): Intent[]
}

export function openMemoryLedger(): MemoryLedger {
  const intents = new Map<string, Intent>()
  const refunds = new Map<string, Refund>()
  const refundsOf = new Map<string, Refund[]>()
  const answered = new Map<string, Call>()
  return {
    intents: () => [...intents.values()],
    intent: (id) => intents.get(id),
    addIntent(it) {
      intents.set(it.id, it)
    },
    saveIntent(it) {
      intents.set(it.id, it)
    },
    refund: (id) => refunds.get(id),
    refundsOf: (id) => refundsOf.get(id) ?? [],
    addRefund(it) {
      refunds.set(it.id, it)
      refundsOf.set(it.intent, [...(refundsOf.get(it.intent) ?? []), it])
    },
    intentPosition: (id) => positionIn(intents, id),
    refundPosition: (id) => positionIn(refunds, id),
    latestIntents: (before, limit) => page([...intents.values()], before, limit),
    latestRefunds: (intent, before, limit) =>
      page([...refunds.values()], before, limit, (it) => intent === undefined || it.intent === intent),
    remembered(key, since) {
      const { at = 0, path = '', fingerprint = '', answer, availableAt = 0 } = answered.get(key) ?? {}
      return answer && at > since ? { path, fingerprint, answer, availableAt } : undefined
    },
    record(call) {
      if (call.key !== undefined && call.answer) answered.set(call.key, call)
    },
  }
}

/** Positions count from 1, as rows do. */
function positionIn(objects: ReadonlyMap<string, unknown>, id: string): number | undefined {
  const index = [...objects.keys()].indexOf(id)
  return index < 0 ? undefined : index + 1
}

function page<T>(
  all: readonly T[],
  before = Number.MAX_SAFE_INTEGER,
  limit = 10,
  belongs: (it: T) => boolean = () => true,
): Page<T> {
  const data: T[] = []
  let next: number | null = null
  for (let position = Math.min(before - 1, all.length); position > 0; position -= 1) {
    const it = all[position - 1] as T
    if (!belongs(it)) continue
    if (data.length === limit) return { data, next }
    data.push(it)
    next = position
  }
  return { data, next: null }
}
