import { join, resolve } from 'node:path'
import { ConfigError } from '@flotilla/host/environment'
import { describe, expect, test } from 'vitest'
import { readCommand, UsageError } from '../src/command.ts'

const environment = { DATABASE_FILE: 'order.db' }
const read = (line: string, env: NodeJS.ProcessEnv = environment) => readCommand(line.split(' ').filter(Boolean), env)

describe('the command line', () => {
  test('names a service, whose migrations stand in its folder', () => {
    const { service, folderOf, mayBeAhead, config } = read('order')
    expect({ service, mayBeAhead, file: config.DATABASE_FILE }).toEqual({
      service: 'order',
      mayBeAhead: false,
      file: 'order.db',
    })
    const services = resolve(import.meta.dirname, '../../../services')
    expect(folderOf('azure-sql')).toBe(join(services, 'order', 'migrations', 'azure-sql'))
  })

  test('may name another folder, and that the release was rolled back to', () => {
    const { folderOf, mayBeAhead } = read('order --folder /app/migrations --after-rollback')
    expect(folderOf('sqlite')).toBe(resolve('/app/migrations/sqlite'))
    expect(mayBeAhead).toBe(true)
  })

  test.for([
    ['', 'whose database? name a service'],
    ['order payment', 'one service at a time: payment is too much'],
    ['../order', '"../order" is no service'],
    ['store', 'store is the set of the technical tables'],
    ['order --quick', "Unknown option '--quick'"],
    ['order --folder', "Option '--folder <value>' argument missing"],
  ] as const)('says what is wrong with "%s"', ([line, complaint]) => {
    expect(() => read(line)).toThrow(UsageError)
    expect(() => read(line)).toThrow(complaint)
  })
})

test.for([
  ['none', {}],
  ['two', { DATABASE_FILE: 'order.db', DATABASE_CONNECTION_STRING: 'Server=there' }],
] as const)('an environment that names %s of the two databases is refused by name', ([, env]) => {
  expect(() => read('order', env)).toThrow(ConfigError)
  expect(() => read('order', env)).toThrow(/exactly one of .*DATABASE_CONNECTION_STRING.*DATABASE_FILE/)
})
