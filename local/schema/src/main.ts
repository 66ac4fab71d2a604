import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { check } from './check.ts'
import { textOf } from './finding.ts'
import { record } from './record.ts'
import { releasedFile, sqlServices, subjectOf } from './services.ts'

/** `npm run schema`: whether this release can run beside the one before; exit 1 when it cannot. */

const usage = `usage: npm run schema [-- --record RELEASE]
  --record RELEASE  what is here now is released, such as 0.2.0: the next one is checked against it`

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { record: { type: 'string' } } })
  const recordings = sqlServices.map((service) => ({ subject: subjectOf(service), file: releasedFile(service) }))
  const findings =
    values.record === undefined
      ? (await Promise.all(recordings.map(({ subject }) => check(subject)))).flat()
      : await record(values.record, recordings)
  for (const finding of findings) console.log(textOf(finding))
  if (findings.length > 0) return 1
  if (values.record === undefined) console.log('the databases of this release serve the one before too')
  else for (const { file } of recordings) console.log(`${relative(process.cwd(), file)} is release ${values.record}`)
  return 0
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    console.error(`schema: ${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exitCode = 2
  },
)
