import { atPath, type Json, type JsonObject, type Value } from './json.ts'
import { badRequest } from './refusal.ts'

/** `["a","b"]`: the values of the key's paths, `{}` for one that is not there. Stored as it is. */
export type PartitionText = string

/** Splits `/a/"b c"/d` into its names. Throws a Refusal. */
export function readKeyPath(path: unknown): string[] {
  if (typeof path !== 'string' || !path.startsWith('/') || path.length < 2)
    throw badRequest(`The path '${String(path)}' is invalid: it must start with '/'.`)
  const names = [...path.matchAll(/\/(?:"((?:[^"\\]|\\.)*)"|([^/"]+))/gy)]
  if (names.map(([text]) => text).join('') !== path) throw badRequest(`The path '${path}' is invalid.`)
  return names.map(([, quoted, plain]) => plain ?? quoted?.replace(/\\(.)/g, '$1') ?? '')
}

/** The key of a document. Throws a Refusal when it is not a string, number, boolean or null. */
export function partitionOf(document: JsonObject, paths: readonly (readonly string[])[]): PartitionText {
  const values = paths.map((path) => keyPart(atPath(document, path), path))
  return JSON.stringify(values)
}

function keyPart(value: Value, path: readonly string[]): Json {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null) return value
  throw badRequest(
    `The partition key '/${path.join('/')}' of the document is an array or an object; a primitive value is needed.`,
    1001,
  )
}

/**
 * Reads the header `x-ms-documentdb-partitionkey` or an operation's `partitionKey`. With fewer values than the key has paths
 * it is a prefix. Throws a Refusal.
 */
export function readPartition(
  text: string,
  paths: readonly unknown[],
): { partition: PartitionText; isPrefix: boolean } {
  const values = parse(text)
  if (!Array.isArray(values) || values.length > paths.length || !values.every(isKeyPart))
    throw badRequest(
      `Partition key ${text} is invalid: a JSON array of at most ${paths.length} primitive values is needed.`,
    )
  // A container without a key of its own is asked with an empty one.
  if (values.length === 0 && paths.length > 1) throw badRequest('Partition key [] is invalid: it has no value.')
  if (values.length === 0) return { partition: '[{}]', isPrefix: false }
  return { partition: JSON.stringify(values), isPrefix: values.length < paths.length }
}

function isKeyPart(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return !Array.isArray(value) && Object.keys(value).length === 0
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest(`Partition key ${text} is invalid: it is not JSON.`)
  }
}
