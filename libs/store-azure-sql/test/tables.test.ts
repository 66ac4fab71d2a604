import { contractTables } from '@flotilla/decider/contract-domain'
import { table } from '@flotilla/decider/table'
import { expect, test } from 'vitest'
import { cellCounts, layoutOf } from '../src/rows.ts'
import { createTables } from '../src/tables.ts'

const simple = (kind: string, follow?: { kind: string; column: string; properties: string[] }) =>
  table<{ body: object }>()({
    kind,
    name: kind,
    id: 'text',
    columns: { body: { type: 'json', write: ({ body }) => body } },
    read: ({ body }) => ({ body: body as object }),
    ...(follow && { follow }),
  })

test('two tables of one kind, and a key of a kind without one, are refused by name', () => {
  expect(() => createTables([simple('ship'), simple('ship')])).toThrow('two tables for the kind ship')
  expect(() => createTables([simple('ship')]).of('port:1')).toThrow(
    'no table for the row port:1; there are tables for: ship',
  )
})

test('what is followed has a table, and follows nothing itself: one trip loads it all', () => {
  const follow = (kind: string) => ({ kind, column: 'body', properties: ['id'] })
  expect(() => createTables([simple('ship', follow('port'))])).toThrow(
    'table ship follows the kind port, which has no table',
  )
  const chain = [simple('ship', follow('port')), simple('port', follow('land')), simple('land')]
  expect(() => createTables(chain)).toThrow('table ship follows port, which follows others itself')
})

test('keys are grouped by their tables, in order and once', () => {
  const tables = createTables<never>(contractTables as never)
  const groups = tables.grouped(['counter:b', 'account:z', 'counter:a', 'account:z'])
  expect([...groups].map(([{ kind }, keys]) => [kind, keys])).toEqual([
    ['account', ['account:z']],
    ['counter', ['counter:a', 'counter:b']],
  ])
})

test('a table with more columns than a row parameter has cells is refused', () => {
  const columns = Object.fromEntries(
    Array.from({ length: cellCounts.t + 1 }, (_, index) => [`c${index}`, 't' as const]),
  )
  expect(() => layoutOf(columns)).toThrow(
    `c${cellCounts.t} is one column too many: a row parameter has ${cellCounts.t}`,
  )
})
