import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { databasesOf } from '../src/databases.ts'
import { readElsewhere } from '../src/flags.ts'

/** A data folder and its databases belong together. Nothing here is connected to. */

const server = 'Server=127.0.0.1,9;User Id=sa;Password=hunter2'

function folder(): string {
  const data = mkdtempSync(join(tmpdir(), 'flotilla-'))
  onTestFinished(() => rmSync(data, { recursive: true }))
  return data
}

it('databases on a server are called alike at each start of a folder, and otherwise for another folder', () => {
  const [one, other] = [folder(), folder()]
  const { order, inventory, payment } = databasesOf(one, server).settings
  expect(new Set([order, inventory, payment].map((each) => each.DATABASE_CONNECTION_STRING)).size).toBe(3)
  expect(databasesOf(one, server).settings.order).toEqual(order)
  expect(databasesOf(other, server).settings.order).not.toEqual(order)
})

it('where databases are is told without passwords', () => {
  const { places } = databasesOf(folder(), server)
  expect(places.order).toEqual({
    server: '127.0.0.1,9',
    database: expect.stringMatching(/^flotilla_[0-9a-f]{8}_order$/),
  })
  expect(JSON.stringify(places)).not.toContain('hunter2')
})

it('a folder whose databases are on a server is not given new ones in files', () => {
  const data = folder()
  databasesOf(data, server)
  expect(() => databasesOf(data, undefined)).toThrow('set FLOTILLA_SQLSERVER as it was')
})

it('a folder whose databases are files is not given new ones on a server', async () => {
  const data = folder()
  mkdirSync(join(data, 'data'))
  await databasesOf(data, undefined).migrate()
  expect(() => databasesOf(data, server)).toThrow('unset FLOTILLA_SQLSERVER')
})

it('a FLOTILLA_SQLSERVER that cannot be used is refused by name, and not repeated', () => {
  const read = () =>
    readElsewhere({ FLOTILLA_SQLSERVER: 'Server=127.0.0.1;Database=order;User Id=sa;Password=hunter2' })
  expect(read).toThrow(/FLOTILLA_SQLSERVER cannot be used: .*leave Database out/)
  expect(read).not.toThrow(/hunter2/)
})
