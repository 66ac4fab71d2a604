import { homedir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { charts, chartsFolder } from './charts.ts'
import { check } from './check.ts'
import { unraised } from './versions.ts'
import { write } from './write.ts'

/** `npm run charts`: whether the charts are what they must be; exit 1 when they are not. */

const usage = `usage: npm run charts [-- --write | --since COMMIT]
  --write  makes values.yaml, values.schema.json, the tables of the READMEs and what else is made from other sources, and checks nothing
  --since COMMIT  checks only that every chart that changed since then, such as since origin/main, has a higher version
environment:
  FLOTILLA_CHARTS_CACHE  where helm, helm-unittest, kubeconform, checkov and schemas are kept (~/.cache/flotilla-charts)`

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { write: { type: 'boolean' }, since: { type: 'string' } } })
  if (values.write) {
    for (const file of write()) console.log(`${relative(process.cwd(), file)} is made`)
    return 0
  }
  if (values.since !== undefined) {
    const names = charts.map(({ name }) => name)
    const repository = resolve(chartsFolder, '../..')
    return told(await unraised({ repository, since: values.since, charts: names, environment: process.env }))
  }
  const cache = process.env.FLOTILLA_CHARTS_CACHE ?? join(homedir(), '.cache', 'flotilla-charts')
  return told(await check({ cache, environment: process.env, say: (line) => console.log(`charts: ${line}`) }))
}

function told(findings: readonly string[]): number {
  for (const finding of findings) console.error(finding)
  return findings.length === 0 ? 0 : 1
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    console.error(`charts: ${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exitCode = 2
  },
)
