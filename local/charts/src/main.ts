import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { check } from './check.ts'
import { write } from './write.ts'

/** `npm run charts`: whether the charts are what they must be; exit 1 when they are not. */

const usage = `usage: npm run charts [-- --write]
  --write  makes values.yaml, values.schema.json, the tables of the READMEs and what else is made from other sources, and checks nothing
environment:
  FLOTILLA_CHARTS_CACHE  where helm, helm-unittest, kubeconform, checkov and schemas are kept (~/.cache/flotilla-charts)`

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { write: { type: 'boolean' } } })
  if (values.write) {
    for (const file of write()) console.log(`${relative(process.cwd(), file)} is made`)
    return 0
  }
  const cache = process.env.FLOTILLA_CHARTS_CACHE ?? join(homedir(), '.cache', 'flotilla-charts')
  const findings = await check({ cache, environment: process.env, say: (line) => console.log(`charts: ${line}`) })
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
