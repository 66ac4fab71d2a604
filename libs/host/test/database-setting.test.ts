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
  ['both', { DATABASE_FILE: 'order.db', DATABASE_CONNECTION_STRING: 'Server=hunter2.example;Database=hunter2' }],
])('%s of the two is refused by their names, without their values', (_what, env) => {
  expect(() => read(env)).toThrow(ConfigError)
  expect(() => read(env)).toThrow(/exactly one of DATABASE_CONNECTION_STRING .* and DATABASE_FILE/)
  expect(() => read(env)).not.toThrow(/hunter2/)
})

test.each([
  ['Server=flotilla.database.windows.net;Pwd=hunter2', 'Database is missing'],
  ['hunter2', 'a key in it has no value'],
  ['Server=127.0.0.1;Database=order;User Id=sa;Password=hunter2;hunter2=2', 'its key number 5 is not known'],
])('a connection string that cannot be used is refused by its name, without its values: %s', (text, why) => {
  const given = { DATABASE_CONNECTION_STRING: text }
  expect(() => read(given)).toThrow(ConfigError)
  expect(() => read(given)).toThrow(/^ {2}DATABASE_CONNECTION_STRING cannot be used: .*such as Server=.*$/m)
  expect(() => read(given)).toThrow(why)
  expect(() => read(given)).not.toThrow(/hunter2/)
})
