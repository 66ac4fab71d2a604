import { expect, test } from 'vitest'
import { z } from 'zod'
import { databaseSettings, exactlyOneDatabase } from '../src/database-setting.ts'
import { ConfigError, readEnvironment } from '../src/environment.ts'

const read = (env: Record<string, string>) => exactlyOneDatabase(readEnvironment(z.object(databaseSettings), env))

test('a service is given a SQLite file or a connection string', () => {
  expect(read({ DATABASE_FILE: 'order.db', DATABASE_CONNECTION_STRING: '' })).toEqual({ DATABASE_FILE: 'order.db' })
  const server = 'Server=flotilla.database.windows.net;Database=order'
  expect(read({ DATABASE_CONNECTION_STRING: server })).toEqual({ DATABASE_CONNECTION_STRING: server })
})

test.each([
  ['neither', {}],
  ['both', { DATABASE_FILE: 'order.db', DATABASE_CONNECTION_STRING: 'Server=hunter2;Password=hunter2' }],
])('%s of the two is refused by their names, without their values', (_what, env) => {
  expect(() => read(env)).toThrow(ConfigError)
  expect(() => read(env)).toThrow(/exactly one of DATABASE_CONNECTION_STRING .* and DATABASE_FILE/)
  expect(() => read(env)).not.toThrow(/hunter2/)
})
