import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ConfigError } from '@flotilla/host/environment'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readCommand, UsageError } from '../src/command.ts'

const environment = { DATABASE_FILE: 'order.db' }
const read = (line: string, env: NodeJS.ProcessEnv = environment) => readCommand(line.split(' ').filter(Boolean), env)

describe('the command line', () => {
  test('names a service, whose migrations stand in its folder', () => {
    const { service, foldersOf, mayBeAhead, config } = read('order')
    expect({ service, mayBeAhead, file: config.DATABASE_FILE }).toEqual({
      service: 'order',
      mayBeAhead: false,
      file: 'order.db',
    })
    const services = resolve(import.meta.dirname, '../../../services')
    expect(foldersOf('azure-sql')).toEqual({ order: join(services, 'order', 'migrations', 'azure-sql') })
  })

  test('may name another folder, and that the release was rolled back to', () => {
    const { foldersOf, mayBeAhead } = read('order --folder /tables --after-rollback')
    expect(foldersOf('sqlite')).toEqual({ order: resolve('/tables/sqlite') })
    expect(mayBeAhead).toBe(true)
  })

  test('in an image needs no folder: the migrations stand beside the program, with those of the technical tables', () => {
    const app = mkdtempSync(join(tmpdir(), 'flotilla-image-'))
    onTestFinished(() => rmSync(app, { recursive: true }))
    mkdirSync(join(app, 'migrations'))
    const foldersOf = (...args: string[]) => readCommand(args, environment, app).foldersOf('sqlite')
    const store = join(app, 'migrations', 'store', 'sqlite')
    expect(Object.entries(foldersOf('order'))).toEqual([
      ['store', store],
      ['order', join(app, 'migrations', 'order', 'sqlite')],
    ])
    expect(foldersOf('order', '--folder', '/tables')).toEqual({ store, order: resolve('/tables/sqlite') })
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
  ['two', { DATABASE_FILE: 'order.db', DATABASE_CONNECTION_STRING: 'Server=there.example;Database=order' }],
] as const)('an environment that names %s of the two databases is refused by name', ([, env]) => {
  expect(() => read('order', env)).toThrow(ConfigError)
  expect(() => read('order', env)).toThrow(/exactly one of .*DATABASE_CONNECTION_STRING.*DATABASE_FILE/)
})
