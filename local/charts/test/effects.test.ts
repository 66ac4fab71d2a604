import { describe, expect, it } from 'vitest'
import type { Chart } from '../src/charts.ts'
import { charts } from '../src/charts.ts'
import { others, type Rendered, valuesWithoutEffect } from '../src/effects.ts'
import { schemaOf, valuesOf } from '../src/schema.ts'

describe.each(charts)('$name', ({ values }) => {
  it('has for every value another that its schema takes', () => {
    for (const { path, schema } of valuesOf(schemaOf(values))) {
      for (const other of others(schema)) {
        const whole = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), other)
        expect(
          () => values.parse(merged(defaultsOf(values), whole)),
          `${path.join('.')}=${JSON.stringify(other)}`,
        ).not.toThrow()
      }
      expect(others(schema), path.join('.')).not.toEqual([])
    }
  })
})

const defaultsOf = (values: Chart['values']) =>
  valuesOf(schemaOf(values)).reduce<unknown>(
    (all, { path, schema }) =>
      merged(
        all,
        path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), schema.default),
      ),
    {},
  )

function merged(one: unknown, other: unknown): unknown {
  const isObject = (it: unknown): it is Record<string, unknown> =>
    typeof it === 'object' && it !== null && !Array.isArray(it)
  if (!isObject(one) || !isObject(other)) return other
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  return Object.fromEntries(keys.map((key) => [key, key in other ? merged(one[key], other[key]) : one[key]]))
}

describe('a value that nobody needs', () => {
  const [chart] = charts as [Chart]
  const rendering = (of: (args: readonly string[]) => Rendered) => ({
    template: async (_: Chart, args: readonly string[]) => of(args),
  })

  it('is found', async () => {
    const helm = rendering((args) => {
      const isIdle = args.some((arg) => arg.startsWith('logLevel='))
      return { code: 0, out: isIdle ? 'same' : args.length > 1 ? args.join(' ') : 'same', err: '' }
    })
    expect(await valuesWithoutEffect(helm, chart, [[]])).toEqual(['logLevel'])
  })

  it('is none when the chart refuses it with a reason', async () => {
    const helm = rendering((args) => ({ code: args.length > 1 ? 1 : 0, out: 'same', err: 'lower the replicas' }))
    expect(await valuesWithoutEffect(helm, chart, [[]])).toEqual([])
  })

  it('is not told from one whose other value the schema refuses', async () => {
    const err = "values don't meet the specifications of the schema(s)"
    const helm = rendering((args) => ({ code: args.length > 1 ? 1 : 0, out: 'same', err }))
    await expect(valuesWithoutEffect(helm, chart, [[]])).rejects.toThrow('made from the schema, is refused')
  })

  it('is not looked for where nothing renders', async () => {
    const helm = rendering(() => ({ code: 1, out: '', err: 'broken' }))
    await expect(valuesWithoutEffect(helm, chart, [[]])).rejects.toThrow('renders in no environment')
  })
})
