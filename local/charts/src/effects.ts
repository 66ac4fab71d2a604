import type { Chart } from './charts.ts'
import { type Schema, schemaOf, type Value, valuesOf } from './schema.ts'

/** Renderings that a value may matter in: the arguments that name their values. */
export type Bases = readonly (readonly string[])[]

/** What a rendering came to. */
export interface Rendered {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Whoever renders charts: Helm. */
export interface Renderer {
  template(chart: Chart, args: readonly string[]): Promise<Rendered>
}

/**
 * The values that change nothing in any rendering, and do not make one fail with a reason of the chart's own. Nobody needs them.
 */
export async function valuesWithoutEffect(helm: Renderer, chart: Chart, bases: Bases): Promise<string[]> {
  const renderings = await Promise.all(bases.map((args) => helm.template(chart, args)))
  const usable = bases.flatMap((args, index) => {
    const { code = 1, out = '' } = renderings[index] ?? {}
    return code === 0 ? [{ args, out }] : []
  })
  if (usable.length === 0) throw new Error(`${chart.name} renders in no environment`)
  const idle: string[] = []
  for (const value of valuesOf(schemaOf(chart.values))) {
    if (!(await hasEffect(helm, chart, usable, value))) idle.push(value.path.join('.'))
  }
  return idle
}

async function hasEffect(
  helm: Renderer,
  chart: Chart,
  bases: readonly { readonly args: readonly string[]; readonly out: string }[],
  { path, schema }: Value,
): Promise<boolean> {
  const key = path.map((part) => part.replaceAll('.', '\\.')).join('.')
  for (const other of others(schema)) {
    for (const { args, out } of bases) {
      const changed = await helm.template(chart, [...args, '--set-json', `${key}=${JSON.stringify(other)}`])
      if (/values don't meet the specifications/.test(changed.err))
        throw new Error(
          `${chart.name}: ${key}=${JSON.stringify(other)}, made from the schema, is refused: ${changed.err}`,
        )
      if (changed.code !== 0 || changed.out !== out) return true
    }
  }
  return false
}

/** Values that the schema takes, other than the default. */
export function others(schema: Schema): unknown[] {
  return candidates(schema).filter((value) => JSON.stringify(value) !== JSON.stringify(schema.default))
}

function candidates(schema: Schema): unknown[] {
  const { type, default: value, examples = [] } = schema
  if (schema.const !== undefined) return [schema.const]
  if (schema.enum !== undefined) return [...schema.enum]
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(candidates)
  if (type === 'boolean') return [true, false]
  if (type === 'integer' || type === 'number') return [schema.minimum ?? 0, schema.maximum ?? 1]
  if (type === 'array') return [[...(value as unknown[]), ...exampleOf(schema.items)]]
  if (type === 'object') return [{ ...(value as object), 'flotilla.example/other': 'other' }]
  if (examples.length > 0) return [...examples]
  throw new Error(`give an example of a value like ${JSON.stringify(value)}`)
}

function exampleOf(items: Schema | undefined): unknown[] {
  const [example] = items === undefined ? [] : candidates(items)
  if (example === undefined) throw new Error('give an example of an item of the list')
  return [example]
}
