import { z } from 'zod'
import type { JsonObject } from './json.ts'
import { type PartitionText, readKeyPath } from './partition-key.ts'
import { badRequest, unsupported } from './refusal.ts'
import { documentRids } from './rid.ts'

const ttl = z
  .number()
  .int()
  .max(2_147_483_647)
  .refine((value) => value === -1 || value > 0, 'must be -1 or a positive number of seconds')

const indexedPath = z.looseObject({ path: z.string() })

const definition = z.looseObject({
  id: z.string(),
  partitionKey: z.looseObject({
    paths: z.array(z.string()).min(1).max(3),
    kind: z.string().optional(),
    version: z.number().optional(),
  }),
  defaultTtl: ttl.optional(),
  indexingPolicy: z
    .looseObject({
      indexingMode: z.string().optional(),
      includedPaths: z.array(indexedPath).optional(),
      excludedPaths: z.array(indexedPath).optional(),
      compositeIndexes: z.array(z.array(indexedPath)).optional(),
    })
    .optional(),
})

export type Definition = z.infer<typeof definition>

const accepted = new Set([
  'id',
  'partitionKey',
  'defaultTtl',
  'indexingPolicy',
  'conflictResolutionPolicy',
  'geospatialConfig',
])

/** Reads what a container is declared with. Throws a Refusal that names the field. */
export function readDefinition(body: JsonObject): Definition {
  refuseWhatIsNotKept(body)
  const result = definition.safeParse(
    Object.fromEntries(Object.entries(body).filter(([name, value]) => accepted.has(name) && value !== null)),
  )
  if (!result.success) {
    const issues = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw badRequest(`The container is not declared as it should be: ${issues.join('; ')}`)
  }
  const { partitionKey, indexingPolicy } = result.data
  for (const path of partitionKey.paths) readKeyPath(path)
  checkIndexing(indexingPolicy)
  const kind = partitionKey.paths.length > 1 ? 'MultiHash' : 'Hash'
  if (partitionKey.kind !== undefined && partitionKey.kind !== kind)
    throw badRequest(
      `A partition key with ${partitionKey.paths.length} paths is of kind ${kind}, not ${partitionKey.kind}.`,
    )
  const defaults = {
    indexingMode: 'consistent',
    automatic: true,
    includedPaths: [{ path: '/*' }],
    excludedPaths: [{ path: '/"_etag"/?' }],
  }
  return {
    ...result.data,
    partitionKey: { version: 2, ...partitionKey, kind },
    indexingPolicy: indexingPolicy ?? defaults,
  }
}

/** Every path of the policy can be read: `/*`, `/a/?`, `/a/*`, and plain ones in composite indexes. */
function checkIndexing({
  includedPaths = [],
  excludedPaths = [],
  compositeIndexes = [],
}: Definition['indexingPolicy'] = {}): void {
  for (const { path } of [...includedPaths, ...excludedPaths]) {
    const [, bare] = /^(.*)\/[?*]$/.exec(path) ?? []
    if (bare === undefined) throw badRequest(`The indexing path '${path}' is invalid: it must end with '/?' or '/*'.`)
    if (bare !== '') readKeyPath(bare)
  }
  for (const { path } of compositeIndexes.flat()) readKeyPath(path)
}

function refuseWhatIsNotKept(body: JsonObject): void {
  const system = new Set(['_rid', '_self', '_etag', '_ts', '_docs', '_sprocs', '_triggers', '_udfs', '_conflicts'])
  for (const [name, value] of Object.entries(body)) {
    if (accepted.has(name) || system.has(name) || value === null) continue
    const { uniqueKeys } = (value ?? {}) as { uniqueKeys?: unknown[] }
    if (name === 'uniqueKeyPolicy' && Array.isArray(uniqueKeys) && uniqueKeys.length === 0) continue
    throw unsupported(`'${name}' of a container is`)
  }
}

/** A container that is there. */
export class Container {
  readonly n: number
  readonly database: { readonly n: number; readonly id: string; readonly rid: string }
  readonly id: string
  readonly rid: string
  readonly link: string
  readonly table: string
  readonly keyPaths: readonly string[][]
  readonly documentRid: (document: number) => string
  definition: Definition
  lsn: number
  ts: number

  constructor(
    database: Container['database'],
    row: { n: number; id: string; rid: string; definition: Definition; lsn: number; ts: number },
  ) {
    this.n = row.n
    this.database = database
    this.id = row.id
    this.rid = row.rid
    this.definition = row.definition
    this.lsn = row.lsn
    this.ts = row.ts
    this.link = `dbs/${database.id}/colls/${row.id}`
    this.table = `docs_${row.n}`
    this.keyPaths = row.definition.partitionKey.paths.map(readKeyPath)
    this.documentRid = documentRids(database.n, row.n)
  }

  /** `dbs/<rid>/colls/<rid>/` */
  get self(): string {
    return `dbs/${this.database.rid}/colls/${this.rid}/`
  }
}

/** Where one document is. */
export interface Place {
  readonly partition: PartitionText
  readonly id: string
}
