import { z } from 'zod'

/** The part of JSON Schema that values of charts are described in. */
export interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly examples?: readonly unknown[]
}

/** One value of a chart that is set by itself. */
export interface Value {
  readonly path: readonly string[]
  readonly schema: Schema
}

/** What Helm adds to the values by itself: globals, and the values of the library. Nobody sets anything there. */
const empty = { type: 'object', additionalProperties: false }
const helmsOwn = {
  global: empty,
  'flotilla-lib': { ...empty, properties: { global: empty } },
}

/** `values.schema.json` of a chart, which refuses unknown keys at every level. */
export function schemaOf(values: z.ZodObject): Schema {
  const schema = z.toJSONSchema(values, { target: 'draft-7', io: 'output' }) as Schema
  return { ...schema, properties: { ...schema.properties, ...helmsOwn } }
}

/** Every value that is set by itself, in the order of the schema. */
export function valuesOf(schema: Schema, path: readonly string[] = []): Value[] {
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => path.length > 0 || !(key in helmsOwn))
    .flatMap(([key, inner]) => {
      const here = [...path, key]
      return inner.default === undefined ? valuesOf(inner, here) : [{ path: here, schema: inner }]
    })
}

/** The levels of a schema: every object whose keys are known, with its path. */
export function levelsOf(schema: Schema, path: readonly string[] = []): { path: readonly string[]; schema: Schema }[] {
  if (schema.properties === undefined) return []
  const inner = Object.entries(schema.properties).flatMap(([key, it]) => levelsOf(it, [...path, key]))
  return [{ path, schema }, ...inner]
}
