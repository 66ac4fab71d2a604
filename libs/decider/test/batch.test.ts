import { describe, expect, test } from 'vitest'
import { type Domain, decideBatch, type Request } from '../src/batch.ts'
import { single } from '../src/decider.ts'
import type { Cause, Loaded } from '../src/store.ts'

interface Lamp {
  readonly lit: boolean
  readonly switched: number
}
type Command = { readonly type: 'switch' | 'notice' | 'break'; readonly lamp: string }
type Event = { readonly type: 'Switched' } | { readonly type: 'Dimmed' }

const now = 1_790_000_000_000
const lease = 30_000
const off: Lamp = { lit: false, switched: 0 }

const lamps: Domain<Lamp, Command, Event, 'broken', Lamp> = {
  decider: {
    decide(state, { type }) {
      if (type === 'break') return { accepted: false, refusal: 'broken' }
      if (type === 'notice') return { accepted: true, events: [] }
      return { accepted: true, events: state.lit ? [{ type: 'Switched' }, { type: 'Dimmed' }] : [{ type: 'Switched' }] }
    },
    evolve: (state, { type }) => (type === 'Switched' ? { lit: !state.lit, switched: state.switched + 1 } : state),
  },
  scope: single(({ lamp }) => lamp, off),
  announce: ({ type }, { switched }) =>
    type === 'Dimmed'
      ? { cancel: ['check:1'] }
      : {
          publish: [
            {
              type: 'stock.price-changed.v1',
              data: { sku: 'LAMP', version: switched, name: 'Lamp', price: 1, currency: 'EUR' },
            },
          ],
          schedule: [
            { id: 'check:1', kind: 'check', payload: {}, dueAt: now + 5_000 },
            { id: 'look:1', kind: 'look', payload: {} },
          ],
        },
}

let causes = 0
const cause = (): Cause => ({ kind: 'message', id: `m${++causes}` })
const asking = (type: Command['type'], lamp = 'lamp:1', because = cause()): Request<Command> => ({
  command: { type, lamp },
  cause: because,
})
const nothing: Loaded<Lamp> = { rows: new Map(), known: new Map() }
const decide = (requests: Request<Command>[], loaded = nothing) => decideBatch(lamps, requests, loaded, { now, lease })

describe('a batch is decided', () => {
  test('in sequence, each command on what the one before left', () => {
    const decided = decide([asking('switch'), asking('switch'), asking('switch', 'lamp:2')])
    expect(decided.map(({ change }) => change?.rows)).toEqual([
      [{ key: 'lamp:1', state: { lit: true, switched: 1 }, expected: 0, version: 1 }],
      [{ key: 'lamp:1', state: { lit: false, switched: 2 }, expected: 1, version: 2 }],
      [{ key: 'lamp:2', state: { lit: true, switched: 1 }, expected: 0, version: 1 }],
    ])
  })

  test('on the versions that were loaded, which stay as they are', () => {
    const rows = new Map([['lamp:1', { state: { lit: true, switched: 7 }, version: 7 }]])
    const [decided] = decide([asking('switch')], { rows, known: new Map() })
    expect(decided?.change?.rows).toEqual([
      { key: 'lamp:1', state: { lit: false, switched: 8 }, expected: 7, version: 8 },
    ])
    expect(rows.get('lamp:1')?.version).toBe(7)
  })

  test('so that a known cause has no second effect, in the store or in the batch', () => {
    const [stored, twice] = [cause(), cause()]
    const known = new Map([[`message:${stored.id}`, { home: 'lamp:9', fingerprint: 'f' }]])
    const decided = decide(
      [asking('switch', 'lamp:1', stored), asking('switch', 'lamp:1', twice), asking('switch', 'lamp:1', twice)],
      { rows: new Map(), known },
    )
    expect(decided.map(({ outcome }) => outcome.status)).toEqual(['repeated', 'accepted', 'repeated'])
    expect(decided[0]).toEqual({ outcome: { status: 'repeated', home: 'lamp:9', fingerprint: 'f' } })
    expect(decided[2]?.outcome).toMatchObject({ home: 'lamp:1' })
    expect(decided[1]?.change?.rows[0]?.version).toBe(1)
  })

  test('so that a refusal changes nothing, not even its cause', () => {
    const again = cause()
    const decided = decide([asking('break', 'lamp:1', again), asking('switch', 'lamp:1', again)])
    expect(decided[0]).toEqual({ outcome: { status: 'refused', refusal: 'broken' } })
    expect(decided[1]?.outcome.status).toBe('accepted')
  })

  test('so that news that changes nothing is still remembered', () => {
    const [decided] = decide([asking('notice')])
    expect(decided?.outcome).toEqual({ status: 'accepted', state: off, events: [] })
    expect(decided?.change).toMatchObject({ rows: [], history: [], outbox: [], home: 'lamp:1' })
  })
})

describe('a change', () => {
  test('numbers its messages and its history by home, version and index', () => {
    const [, second] = decide([asking('switch'), asking('switch')])
    expect(second?.change?.history).toEqual([
      { key: 'lamp:1', version: 2, index: 0, at: now, type: 'Switched', body: '{"type":"Switched"}' },
      { key: 'lamp:1', version: 2, index: 1, at: now, type: 'Dimmed', body: '{"type":"Dimmed"}' },
    ])
    expect(second?.change?.outbox.map(({ id }) => id)).toEqual(['lamp:1.2.0'])
  })

  test('leaves the work of now to its writer for as long as work is leased, so that another does not wait for a message', () => {
    const [first] = decideBatch(lamps, [asking('switch')], nothing, { now, lease, workLease: 2_500 })
    expect(first?.change?.outbox[0]?.leaseUntil).toBe(now + lease)
    expect(first?.change?.schedule.map(({ id, visibleAt }) => [id, visibleAt])).toEqual([
      ['check:1', now + 5_000],
      ['look:1', now + 2_500],
    ])
  })

  test('remembers what happened, unless it is a view', () => {
    const [told] = decide([asking('switch')])
    const [shown] = decideBatch({ ...lamps, isView: true }, [asking('switch')], nothing, { now, lease })
    expect(told?.change?.history.map(({ type }) => type)).toEqual(['Switched'])
    expect(shown?.change).toEqual({ ...told?.change, cause: shown?.change?.cause, history: [] })
  })

  test('leaves its messages and the work of now to its writer until the lease ends', () => {
    const [first] = decide([asking('switch')])
    expect(first?.change?.outbox[0]?.leaseUntil).toBe(now + lease)
    expect(first?.change?.schedule).toMatchObject([
      { id: 'check:1', home: 'lamp:1', dueAt: now + 5_000, visibleAt: now + 5_000, attempts: 0 },
      { id: 'look:1', home: 'lamp:1', dueAt: now, visibleAt: now + lease, attempts: 0 },
    ])
  })

  test('carries the trace of its request into messages and work', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const [decided] = decide([{ ...asking('switch'), traceparent }])
    expect(decided?.change?.outbox[0]?.traceparent).toBe(traceparent)
    expect(decided?.change?.schedule.map((work) => work.traceparent)).toEqual([traceparent, traceparent])
  })

  test('cancels what its events no longer want', () => {
    const [, second] = decide([asking('switch'), asking('switch')])
    expect(second?.change?.cancel).toEqual(['check:1'])
  })

  test('says which rows its decision rests on', () => {
    expect(decide([asking('notice')])[0]?.change?.reads).toEqual(['lamp:1'])
  })
})
