import { z } from 'zod'
import type { Container } from './container.ts'
import type { Faults } from './faults.ts'
import type { Items, Operation, Outcome } from './items.ts'
import type { JsonObject } from './json.ts'
import { type PartitionText, readPartition } from './partition-key.ts'
import { readPatch } from './patch.ts'
import { badRequest, Refusal } from './refusal.ts'
import type { Storage } from './storage.ts'

const etag = z.string().optional()

const operation = z.looseObject({
  operationType: z.enum(['Create', 'Upsert', 'Read', 'Replace', 'Delete', 'Patch']),
  id: z.string().optional(),
  partitionKey: z.string().optional(),
  resourceBody: z.unknown().optional(),
  ifMatch: etag,
  ifNoneMatch: etag,
})

type BatchOperation = z.infer<typeof operation>

const operations = z.array(operation).max(100)

export interface BatchOptions {
  readonly isAtomic: boolean
  readonly continueOnError: boolean
  /** Written documents are left out of the answer. */
  readonly isMinimal: boolean
  /** Of all operations that name none. */
  readonly partition: PartitionText | undefined
}

export interface BatchTools {
  readonly storage: Storage
  readonly items: Items
  readonly faults: Faults
  readonly readCondition: (condition: string) => (document: JsonObject) => boolean
}

type Result = {
  status: number
  charge: number
  text?: string
  etag?: string
  substatus?: number
  retryAfter?: number | undefined
  message?: string
}

/** Up to 100 operations in one request: all or none, or each on its own. Throws a Refusal for what is wrong with the request itself. */
export function performBatch(container: Container, body: unknown, options: BatchOptions, tools: BatchTools) {
  const read = operations.safeParse(body)
  if (!read.success) {
    const issues = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw badRequest(`The batch is invalid: ${issues.join('; ')}`)
  }
  if (options.isAtomic && options.partition === undefined)
    throw badRequest('A transactional batch needs the header x-ms-documentdb-partitionkey.')
  const results = options.isAtomic
    ? performAll(container, read.data, options, tools)
    : performEach(container, read.data, options, tools)
  const charge = results.reduce((sum, result) => sum + result.charge, 0)
  const isSuccess = results.every(({ status }) => status < 400)
  const shown = results.map((result, index) =>
    show(result, options.isMinimal && read.data[index]?.operationType !== 'Read'),
  )
  return { status: isSuccess ? 200 : 207, charge, text: `[${shown.join(',')}]` }
}

function performEach(
  container: Container,
  all: readonly BatchOperation[],
  options: BatchOptions,
  tools: BatchTools,
): Result[] {
  let hasFailed = false
  return all.map((each) => {
    if (hasFailed && !options.continueOnError) return dependent
    const result = attempt(() => {
      tools.faults.strike()
      return tools.items.perform(container, readOperation(container, each, options, tools))
    })
    hasFailed ||= result.status >= 400
    return result
  })
}

/** Undoes what was done before the operation that failed. */
class Undone extends Error {}

function performAll(
  container: Container,
  all: readonly BatchOperation[],
  options: BatchOptions,
  tools: BatchTools,
): Result[] {
  tools.faults.strike()
  const results: Result[] = []
  try {
    tools.storage.nested(() => {
      for (const each of all) {
        const result = attempt(() => tools.items.perform(container, readOperation(container, each, options, tools)))
        results.push(result)
        if (result.status >= 400) throw new Undone()
      }
    })
    return results
  } catch (error) {
    if (!(error instanceof Undone)) throw error
    return all.map((_, index) => (index === results.length - 1 ? (results[index] as Result) : dependent))
  }
}

const dependent: Result = { status: 424, charge: 0 }

function attempt(work: () => Outcome): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { status, substatus, retryAfter, message } = error
    return { status, charge: 1, substatus, retryAfter, message }
  }
}

function readOperation(
  container: Container,
  each: BatchOperation,
  options: BatchOptions,
  tools: BatchTools,
): Operation {
  const { operationType, id, partitionKey, resourceBody: body, ifMatch, ifNoneMatch } = each
  const own = partitionKey === undefined ? undefined : readPartition(partitionKey, container.keyPaths)
  if (own?.isPrefix) throw badRequest(`An operation needs the whole partition key, not only ${partitionKey}.`)
  const partition = own?.partition ?? options.partition
  if (partition === undefined) throw badRequest('PartitionKey value must be supplied for this operation.')
  if (options.isAtomic && partition !== options.partition)
    throw badRequest(
      `All operations of a transactional batch are in one partition, here ${options.partition} and ${partition}.`,
    )
  const conditions = { ifMatch, ifNoneMatch }
  if (operationType === 'Create') return { kind: 'create', partition, body, ...conditions }
  if (operationType === 'Upsert') return { kind: 'upsert', partition, body, ...conditions }
  if (id === undefined) throw badRequest(`An operation of type ${operationType} needs an id.`)
  if (operationType === 'Replace') return { kind: 'replace', partition, id, body, ...conditions }
  if (operationType === 'Patch')
    return { kind: 'patch', partition, id, patch: readPatch(body, tools.readCondition), ...conditions }
  return { kind: operationType === 'Read' ? 'read' : 'delete', partition, id, ...conditions }
}

/** The documents are JSON already, so the answer is put together as text. */
function show({ status, charge, etag, text, substatus, retryAfter, message }: Result, isMinimal: boolean): string {
  const fields = JSON.stringify({
    statusCode: status,
    subStatusCode: substatus ?? 0,
    requestCharge: charge,
    eTag: etag,
    retryAfterMilliseconds: retryAfter,
    message,
  })
  return text === undefined || isMinimal ? fields : `${fields.slice(0, -1)},"resourceBody":${text}}`
}
