import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readSet } from '@flotilla/decider/migration-set'
import { expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { textOf } from '../src/finding.ts'
import { sqlServices, subjectOf } from '../src/services.ts'
import { buildSqlite } from '../src/sqlite.ts'

const services = join(import.meta.dirname, '../../../services')

test.for(sqlServices)('the database of %s serves this release and the one before', async (service) => {
  expect((await check(subjectOf(service))).map(textOf)).toEqual([])
})

test('every service that has migrations is checked', () => {
  const withMigrations = readdirSync(services).filter((service) => existsSync(join(services, service, 'migrations')))
  expect(withMigrations.toSorted()).toEqual([...sqlServices].toSorted())
})

test.for(sqlServices)('every table of %s is declared, so that its columns are recorded', async (service) => {
  const { folders, tables } = subjectOf(service)
  const [stage] = await buildSqlite(readSet(service, folders.sqlite[service] ?? ''), [])
  expect(tables.map(({ name }) => name).toSorted()).toEqual([...(stage?.schema.keys() ?? [])].toSorted())
})
