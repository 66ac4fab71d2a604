import { uuidv7 } from 'uuidv7'
import type { Domain, Request } from './batch.ts'
import { idOf, type Key, keyOf } from './decider.ts'
import type { Cause, Change, DueWork, OutboxRow } from './store.ts'
import { table } from './table.ts'

/** What the store contract keeps in the store: counters, and transfers between accounts for stores of many rows. */

export interface Counter {
  readonly count: number
  readonly label: string | null
  readonly open: boolean | null
  readonly peer: string | null
  readonly notes: readonly string[] | null
}
export interface Account {
  readonly balance: number
}
export interface Transfer {
  readonly from: string
  readonly to: string
  readonly amount: number
  readonly undone: boolean
}
export type ContractRow = Counter | Account | Transfer

/** The database refuses a counter above this, and accounts below zero, where it has constraints at all. */
export const countAtMost = 1_000_000

const counters = table<Counter>()({
  kind: 'counter',
  name: 'counter',
  id: 'uuid',
  columns: {
    count: { type: 'integer', write: ({ count }) => count },
    label: { type: 'text', write: ({ label }) => label },
    open: { type: 'boolean', write: ({ open }) => open },
    peer: { type: 'uuid', write: ({ peer }) => peer },
    body: { type: 'json', write: ({ notes }) => ({ notes }) },
  },
  read: ({ count, label, open, peer, body }) => ({ count, label, open, peer, notes: body.notes }),
})

const accounts = table<Account>()({
  kind: 'account',
  name: 'account',
  id: 'text',
  columns: { balance: { type: 'integer', write: ({ balance }) => balance } },
  isContended: true,
  read: (account) => account,
})

const transfers = table<Transfer>()({
  kind: 'transfer',
  name: 'transfer',
  id: 'uuid',
  columns: { body: { type: 'json', write: (transfer) => transfer } },
  read: ({ body }) => body,
  follow: { kind: 'account', column: 'body', properties: ['from', 'to'] },
})

/**
 * The tables of the contract: `counter` (count: integer, at most 1,000,000; label: text; open: boolean; peer: uuid; body:
 * json), `account` (text id; balance: integer, at least 0) and `transfer` (body: json).
 */
export const contractTables = [counters, accounts, transfers]

export const counterKey = (id: string): Key => keyOf('counter', id)
export const accountKey = (id: string): Key => keyOf('account', id)
export const transferKey = (id: string): Key => keyOf('transfer', id)
export const newCounter = (): Key => counterKey(uuidv7())

export const counterOf = (count: number): Counter => ({ count, label: null, open: null, peer: null, notes: null })

export interface Add {
  readonly counter: Key
  readonly by: number
  /** Work to be done this many milliseconds later. */
  readonly remindIn?: number
}
type Added = { readonly type: 'Added'; readonly by: number; readonly remindAt?: number; readonly counter: Key }

/** Adds to counters; refuses to add nothing. It does not know how high the database lets a counter go. */
export const counting: Domain<Counter, Add, Added, 'nothing to add', ContractRow> = {
  decider: {
    decide: (_state, { counter, by, remindIn }) =>
      by === 0
        ? { accepted: false, refusal: 'nothing to add' }
        : {
            accepted: true,
            events: [
              { type: 'Added', by, counter, ...(remindIn === undefined ? {} : { remindAt: Date.now() + remindIn }) },
            ],
          },
    evolve: (state, { by }) => ({ ...state, count: state.count + by }),
  },
  scope: {
    keys: ({ counter }) => [counter],
    compose: (row, { counter }) => (row(counter) as Counter | undefined) ?? counterOf(0),
    decompose: (state, { counter }) => [[counter, state]],
  },
  announce: ({ counter, remindAt }, { count }) => ({
    publish: [publication(count)],
    schedule:
      remindAt === undefined
        ? []
        : [{ id: `remind:${idOf(counter)}`, kind: 'remind', payload: { count }, dueAt: remindAt }],
  }),
}

const publication = (version: number) =>
  ({
    type: 'stock.price-changed.v1',
    data: { sku: 'TEA-1', version, name: 'Tea', price: 1250, currency: 'EUR' },
  }) as const

interface Transferring {
  readonly transfer: Transfer | undefined
  readonly balances: ReadonlyMap<string, Account>
}
export type Move =
  | {
      readonly type: 'make'
      readonly transfer: Key
      readonly from: string
      readonly to: string
      readonly amount: number
    }
  /** Names the transfer alone: its accounts follow. */
  | { readonly type: 'undo'; readonly transfer: Key }
type Moved = { readonly type: 'Made'; readonly transfer: Transfer } | { readonly type: 'Undone' }

/** Moves amounts between accounts, two accounts and the transfer itself in one change. */
export const transferring: Domain<Transferring, Move, Moved, 'unknown' | 'too little', ContractRow> = {
  decider: {
    decide({ transfer, balances }, move) {
      if (move.type === 'undo') {
        return transfer ? { accepted: true, events: [{ type: 'Undone' }] } : { accepted: false, refusal: 'unknown' }
      }
      const { from, to, amount } = move
      const balance = balances.get(from)?.balance ?? 0
      if (balance < amount) return { accepted: false, refusal: 'too little' }
      return { accepted: true, events: [{ type: 'Made', transfer: { from, to, amount, undone: false } }] }
    },
    evolve({ transfer, balances }, event) {
      const made = event.type === 'Made' ? event.transfer : (transfer as Transfer)
      const sign = event.type === 'Made' ? 1 : -1
      const after = new Map(balances)
      after.set(made.from, { balance: (balances.get(made.from)?.balance ?? 0) - sign * made.amount })
      after.set(made.to, { balance: (balances.get(made.to)?.balance ?? 0) + sign * made.amount })
      return { transfer: { ...made, undone: event.type === 'Undone' }, balances: after }
    },
  },
  scope: {
    keys: (move) =>
      move.type === 'undo' ? [move.transfer] : [move.transfer, accountKey(move.from), accountKey(move.to)],
    compose(row, move) {
      const transfer = row(move.transfer) as Transfer | undefined
      const { from, to } = move.type === 'make' ? move : (transfer ?? {})
      const balances = new Map<string, Account>()
      for (const id of [from, to]) {
        const account = id === undefined ? undefined : (row(accountKey(id)) as Account | undefined)
        if (id !== undefined && account) balances.set(id, account)
      }
      return { transfer, balances }
    },
    decompose: ({ transfer, balances }, move) => [
      ...(transfer ? [[move.transfer, transfer] as const] : []),
      ...[...balances].map(([id, account]) => [accountKey(id), account] as const),
    ],
  },
  announce: () => ({}),
}

export const messageCause = (): Cause => ({ kind: 'message', id: `order:${uuidv7()}.1.0` })
export const requestCause = (fingerprint: string): Cause => ({ kind: 'request', id: uuidv7(), fingerprint })

export const adding = (counter: Key, by = 1, cause = messageCause()): Request<Add> => ({
  command: { counter, by },
  cause,
})

/** One change of one counter, with what else a test puts into it. */
export function counterChange(
  key: Key,
  { expected = 0, count = 1, ...rest }: Partial<Change<ContractRow>> & { expected?: number; count?: number } = {},
): Change<ContractRow> {
  const at = rest.at ?? Date.now()
  const version = expected + 1
  return {
    cause: messageCause(),
    home: key,
    at,
    rows: [{ key, state: counterOf(count), expected, version }],
    history: [{ key, version, index: 0, at, type: 'Added', body: JSON.stringify({ type: 'Added', by: 1 }) }],
    outbox: [],
    schedule: [],
    cancel: [],
    ...rest,
  }
}

export const outboxRow = (key: Key, leaseUntil: number, index = 0): OutboxRow => ({
  id: `${key}.1.${index}`,
  topic: 'inventory',
  type: 'stock.price-changed.v1',
  correlationId: 'TEA-1',
  body: JSON.stringify({ id: `${key}.1.${index}`, name: 'Thé “vert” 茶' }),
  properties: { paymentDue: 'true' },
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  leaseUntil,
})

export const dueWork = (key: Key, dueAt: number, rest: Partial<DueWork> = {}): DueWork => ({
  id: `remind:${idOf(key)}`,
  kind: 'remind',
  home: key,
  payload: { deep: [1, 'zwei', null, { three: true }] },
  dueAt,
  visibleAt: dueAt,
  attempts: 0,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  ...rest,
})
