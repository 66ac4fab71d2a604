import { systemClock } from '@flotilla/decider/clock'
import { createLogger } from '@flotilla/telemetry/log'
import { expect, test } from 'vitest'
import { type Keeping, openSqlDatabase } from '../src/sql-database.ts'

const given = { clock: systemClock, logger: createLogger({ service: 'test', version: '0', level: 'silent' }) }
/** What is kept is the database itself. */
const itself: Keeping<object> = {
  sqlite: (database) => ({ sqlite: database }),
  azureSql: (database) => ({ azureSql: database }),
}

test('a file is opened as SQLite, which is no dependency', async () => {
  const { database, dependencies } = await openSqlDatabase({ DATABASE_FILE: ':memory:' }, given, itself)
  expect(database).toHaveProperty('sqlite.isOpen', true)
  expect(dependencies).toEqual([])
})

test('a SQL Server that is away does not keep a service from starting, and is a dependency that is shown', async () => {
  const server = 'Server=127.0.0.1,9;Database=order;User Id=sa;Password=hunter2'
  const { database, dependencies } = await openSqlDatabase({ DATABASE_CONNECTION_STRING: server }, given, itself)
  expect(database).toHaveProperty('azureSql.run')
  expect(dependencies.map((each) => each.status())).toMatchObject([{ name: 'azure-sql', state: 'up' }])
})
