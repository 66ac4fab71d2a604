import { writeFileSync } from 'node:fs'
import { readSet } from '@flotilla/decider/migration-set'
import { check, migrationsIn, type Subject } from './check.ts'
import type { Finding } from './finding.ts'
import { type Released, recordOf } from './released.ts'
import { buildSqlite } from './sqlite.ts'

/** A service, and where its release is recorded. */
export interface Recording {
  readonly subject: Subject
  readonly file: string
}

/**
 * Records a release: what is here now. All services or none; nothing is written when one has findings, which are returned. Throws
 * on a name that is no release.
 */
export async function record(release: string, recordings: readonly Recording[]): Promise<readonly Finding[]> {
  if (!/^\d+\.\d+\.\d+(-[0-9a-z.-]+)?$/.test(release))
    throw new Error(`--record ${release} is no release: give three numbers, such as 0.2.0`)
  const records = await Promise.all(
    recordings.map(async ({ subject, file }) => ({ file, ...(await recorded(subject, release)) })),
  )
  const findings = records.flatMap((each) => each.findings)
  if (findings.length > 0) return findings
  for (const { file, released } of records) writeFileSync(file, `${JSON.stringify(released, null, 2)}\n`)
  return []
}

/** What there is to be recorded of a service; findings when it may not follow the release before. */
export async function recorded(
  subject: Subject,
  release: string,
): Promise<{ released: Released; findings: readonly Finding[] }> {
  const [technical] = await buildSqlite(readSet('store', subject.folders.sqlite.store ?? ''), [])
  const released = recordOf({
    release,
    migrations: migrationsIn(subject.folders),
    tables: subject.tables,
    technical: technical?.schema ?? new Map(),
  })
  // The first one follows itself.
  const findings = await check({ ...subject, released: subject.released ?? released })
  return { released, findings }
}
