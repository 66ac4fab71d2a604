import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { charts, chartsFolder } from '../src/charts.ts'
import { stale } from '../src/generated.ts'
import { levelsOf, schemaOf, valuesOf } from '../src/schema.ts'

it('what is made from other sources is current (npm run charts -- --write)', () => {
  expect(stale().map(({ file }) => relative(chartsFolder, file))).toEqual([])
})

describe.each(charts)('the values of $name', ({ folder, values }) => {
  const schema = schemaOf(values)

  it('have no key that nobody knows, at any level', () => {
    const levels = levelsOf(schema)
    expect(levels.length).toBeGreaterThan(5)
    expect(levels.filter((level) => level.schema.additionalProperties !== false).map(({ path }) => path)).toEqual([])
  })

  it('need every key, so that none is taken away', () => {
    const known = levelsOf(schema).filter(({ path }) => path[0] !== 'flotilla-lib')
    for (const { path, schema: level } of known) {
      const keys = Object.keys(level.properties ?? {}).filter(
        (key) => path.length > 0 || !['global', 'flotilla-lib'].includes(key),
      )
      expect(level.required, path.join('.')).toEqual(keys)
    }
  })

  it('are all explained', () => {
    expect(valuesOf(schema).filter(({ schema: it }) => !it.description)).toEqual([])
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    for (const { path } of valuesOf(schema)) expect(readme).toContain(`| \`${path.join('.')}\` |`)
  })

  it('are in values.yaml with their defaults', () => {
    const written: unknown = parse(readFileSync(join(folder, 'values.yaml'), 'utf8'))
    expect(written).toEqual(values.parse(written))
    for (const { path, schema: it } of valuesOf(schema)) {
      expect(
        path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], written),
        path.join('.'),
      ).toEqual(it.default)
    }
  })
})

it('the four services share what they share: the same value has the same schema', () => {
  const own = /^(image\.repository|database\.name)$/
  const seen = new Map<string, unknown>()
  for (const { name, values } of charts.filter((chart) => chart.name !== 'stand-ins')) {
    for (const { path, schema } of valuesOf(schemaOf(values))) {
      const key = path.join('.')
      if (own.test(key)) continue
      expect(schema, `${name}: ${key}`).toEqual(seen.get(key) ?? schema)
      seen.set(key, schema)
    }
  }
  expect(seen.size).toBeGreaterThan(60)
})
