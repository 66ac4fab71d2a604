import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '@flotilla/decider/clock'
import {
  accountKey,
  type ContractRow,
  contractTables,
  counterKey,
  counterOf,
  transferKey,
} from '@flotilla/decider/contract-domain'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database.ts'
import { exercise } from '../src/explaining/exercising.ts'
import { type Explained, growing, unused } from '../src/explaining/explained.ts'
import { type Plans, plansOf } from '../src/explaining/plans.ts'
import { unsent } from '../src/explaining/written.ts'
import { readTable } from '../src/reads.ts'
import { createAzureSqlStore } from '../src/store.ts'
import { contractMigrations } from './fixture.ts'
import { sqlServer } from './server.ts'

const source = (file: string) => join(import.meta.dirname, '../src', file)

/** Statements that no index serves. */
const bad: Readonly<Record<string, string>> = {
  'a search without an index': "SELECT [id] FROM inbox WHERE [home] = N'nobody';",
  'a sort of everything': 'SELECT TOP (3) [id] FROM due_work ORDER BY [kind];',
  'the oldest without an index': 'SELECT TOP (3) [home] FROM history ORDER BY [at];',
  'a stretch that grows': "SELECT MAX([topic]) AS [last] FROM outbox WHERE [id] > N'';",
}

function samples() {
  const [from, to] = [randomUUID(), randomUUID()]
  return [
    { key: counterKey(randomUUID()), state: counterOf(1) },
    { key: accountKey(from), state: { balance: 1 } },
    { key: transferKey(randomUUID()), state: { from, to, amount: 1, undone: false } },
  ]
}

async function everything(database: Database) {
  await exercise(createAzureSqlStore<ContractRow>({ database, tables: contractTables, clock: systemClock }), samples)
  for (const table of contractTables) await readTable<ContractRow>(database, table).find(randomUUID())
  for (const [name, sql] of Object.entries(bad)) await database.run({ name, sql })
}

test('what the source writes is found: every verb, and the hints of a locked load', () => {
  const written = unsent(source('store.ts'), []).join('\n')
  for (const part of [
    'DELETE w FROM',
    'INSERT INTO',
    'UPDATE t SET',
    'UPDATE o SET',
    'WITH (UPDLOCK, ROWLOCK)',
    'OPENJSON',
  ])
    expect(written).toContain(part)
})

describe.skipIf(!sqlServer)('on the server of FLOTILLA_SQLSERVER', () => {
  let plans: Plans
  let statements: readonly Explained[]
  const named = (name: string) => plans.explained.filter((each) => each.name === name)

  beforeAll(async () => {
    const folders = { contract: contractMigrations }
    plans = await plansOf({ server: sqlServer as string, folders, exercise: everything })
    statements = plans.explained.filter(({ name }) => !(name in bad))
  }, 300_000)

  test('no statement of the store scans a table that grows, or reads more of it than was asked for', () => {
    expect(statements.flatMap(growing)).toEqual([])
  })

  test('every index is gone by; history is read by services', () => {
    expect(unused(plans.indexes, statements)).toEqual(['history_home'])
  })

  test('every statement in the source was explained', () => {
    for (const file of ['store.ts', 'reads.ts']) expect(unsent(source(file), statements)).toEqual([])
  })

  test.for(Object.keys(bad))('%s would be found', (name) => {
    expect(named(name)).toHaveLength(1)
    expect(named(name).flatMap(growing)).not.toEqual([])
  })

  test('an index that no statement goes by would be found', () => {
    const others = statements.filter(({ name }) => name !== 'claim outbox' && name !== 'backlog')
    expect(unused(plans.indexes, others)).toContain('outbox_by_age')
  })

  test('a statement that was not explained would be found', () => {
    const others = statements.filter(({ name }) => name !== 'postpone work')
    expect(unsent(source('store.ts'), others)).toEqual([expect.stringMatching(/^UPDATE w SET \[visible_at\] = p/)])
  })
})
