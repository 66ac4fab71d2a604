import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { expand } from '../src/next-schema/expand.ts'

const source = resolve(import.meta.dirname, '../..')
const tree = mkdtempSync(join(tmpdir(), 'flotilla-e2e-schema-'))
afterAll(() => rmSync(tree, { recursive: true }))
const migrations = (service: string) => join('services', service, 'migrations')
const services = ['order', 'inventory', 'payment']

describe('the tree of a next release', () => {
  for (const service of services)
    cpSync(join(source, migrations(service)), join(tree, migrations(service)), { recursive: true })

  it('has one migration more for each database, in both dialects, which can be applied', async () => {
    expect(await expand(tree)).toHaveLength(6)
    for (const service of services) {
      const [sqlite, azureSql] = ['sqlite', 'azure-sql'].map((dialect) =>
        readdirSync(join(tree, migrations(service), dialect)),
      )
      expect(sqlite).toEqual(azureSql)
      expect(sqlite).toHaveLength(readdirSync(join(source, migrations(service), 'sqlite')).length + 1)
      const database = new DatabaseSync(':memory:')
      for (const file of (sqlite ?? []).toSorted()) {
        database.exec(readFileSync(join(tree, migrations(service), 'sqlite', file), 'utf8'))
      }
      database.close()
    }
  })

  it('has another one after it is asked again', async () => {
    expect(await expand(tree)).toHaveLength(6)
    expect(readdirSync(join(tree, migrations('order'), 'sqlite')).at(-1)).toMatch(/^\d{3}_next_release\.sql$/)
  })
})
