import { join, resolve } from 'node:path'
import * as inventory from '@flotilla/inventory/outbound/tables'
import * as order from '@flotilla/order/outbound/tables'
import * as payment from '@flotilla/payment/outbound/tables'
import { technicalTables as azureSql } from '@flotilla/store-azure-sql/migrations'
import { technicalTables as sqlite } from '@flotilla/store-sqlite/migrations'
import type { Subject } from './check.ts'
import { type Declared, readReleased } from './released.ts'

const services = { order, inventory, payment } as const
export type SqlService = keyof typeof services
export const sqlServices = Object.keys(services) as readonly SqlService[]

const root = resolve(import.meta.dirname, '../../..')
const migrationsOf = (service: string) => join(root, 'services', service, 'migrations')

/** Where the release before is recorded. */
export const releasedFile = (service: SqlService): string => join(migrationsOf(service), 'released.json')

/** A service as it stands in the repository. */
export function subjectOf(service: SqlService): Subject {
  const folder = (dialect: string) => join(migrationsOf(service), dialect)
  return {
    service,
    folders: {
      sqlite: { store: sqlite, [service]: folder('sqlite') },
      'azure-sql': { store: azureSql, [service]: folder('azure-sql') },
    },
    tables: tablesIn(services[service]),
    released: readReleased(releasedFile(service)),
  }
}

/** All that a service declares, alone or in lists, each once. */
function tablesIn(declarations: object): readonly Declared[] {
  const tables = Object.values(declarations).flat().filter(isTable)
  return [...new Map(tables.map((table) => [table.name, table])).values()]
}

const isTable = (value: unknown): value is Declared =>
  typeof value === 'object' && value !== null && 'kind' in value && 'name' in value && 'columns' in value
