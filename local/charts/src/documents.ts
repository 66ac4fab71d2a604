import { stringify } from 'yaml'
import type { Schema } from './schema.ts'
import { valuesOf } from './schema.ts'

const head =
  '# Every value with its default. Made from local/charts/src/values; to change it: npm run charts -- --write'

/** `values.yaml` of a chart. */
export function valuesYaml(schema: Schema): string {
  return `${head}\n${lines(schema, '', new Set(['global', 'flotilla-lib'])).join('\n')}\n`
}

function lines(schema: Schema, indent: string, without: ReadonlySet<string> = new Set()): string[] {
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => !without.has(key))
    .flatMap(([key, it]) =>
      it.default === undefined
        ? [`${indent}${key}:`, ...lines(it, `${indent}  `)]
        : [`${indent}# ${it.description}`, `${indent}${key}: ${inline(it.default)}`],
    )
}

/** A value in one line of YAML. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: true, lineWidth: 0 }).trimEnd()
}

/** The table of a chart's README. */
export function valuesTable(schema: Schema): string {
  const rows = valuesOf(schema).map(({ path, schema: { description, default: value } }) => {
    const shown = value === '' ? '' : `\`${JSON.stringify(value).replace(/^"(.*)"$/, '$1')}\``
    return `| \`${path.join('.')}\` | ${shown.replaceAll('|', '\\|')} | ${description} |`
  })
  return ['| value | default | |', '| --- | --- | --- |', ...rows].join('\n')
}

const marks = { begin: '<!-- values: made by npm run charts -- --write -->', end: '<!-- /values -->' }

/** The README with its table made anew. Throws when it has no place for one. */
export function withTable(readme: string, table: string): string {
  const begin = readme.indexOf(marks.begin)
  const end = readme.indexOf(marks.end)
  if (begin < 0 || end < begin) throw new Error(`put ${marks.begin} and ${marks.end} where the table of values belongs`)
  return `${readme.slice(0, begin + marks.begin.length)}\n\n${table}\n\n${readme.slice(end)}`
}
