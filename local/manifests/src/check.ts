import type { Finding } from './finding.ts'
import { type Build, readFleet } from './fleet.ts'
import { references } from './rules/references.ts'
import { releases } from './rules/releases.ts'
import { safety } from './rules/safety.ts'
import { tenancy } from './rules/tenancy.ts'

/** What is wrong with `deploy/flux` of a repository. */
export async function check(repository: string, build: Build): Promise<Finding[]> {
  const { fleet, findings } = await readFleet(repository, build)
  return [...findings, ...references(fleet), ...safety(fleet), ...tenancy(fleet), ...releases(fleet)]
}
