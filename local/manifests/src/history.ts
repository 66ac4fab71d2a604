import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Service } from './promotion.ts'

const run = promisify(execFile)

const Chart = z.object({ version: z.string() })

const versionIn = (chart: string): string => Chart.parse(parse(chart)).version

/** The version of the chart in a folder. */
export const versionOf = (folder: string): string => versionIn(readFileSync(join(folder, 'Chart.yaml'), 'utf8'))

/**
 * Puts the charts of the commit that brought a version of a service's chart into a folder: what the release workflow published under
 * it. False when this clone has no such commit.
 */
export async function chartsOf(repository: string, service: Service, version: string, into: string): Promise<boolean> {
  const git = async (...args: string[]) => (await run('git', ['-C', repository, ...args])).stdout
  const file = `deploy/helm/${service}/Chart.yaml`
  // Of main: a branch may have had the version before it was merged.
  const log = [
    'log',
    '--first-parent',
    '--diff-merges=first-parent',
    '--diff-filter=AM',
    '--format=%H',
    '--no-patch',
    '--',
    file,
  ]
  const commits = (await git(...log)).split('\n').filter(Boolean)
  let found: string | undefined
  for (const commit of commits) {
    if (versionIn(await git('show', `${commit}:${file}`)) === version) found = commit
    else if (found !== undefined) break
  }
  if (found === undefined) return false
  mkdirSync(into, { recursive: true })
  const archive = join(into, 'charts.tar')
  await git('archive', '--format=tar', `--output=${archive}`, found, 'deploy/helm')
  await run('tar', ['-xf', archive, '-C', into])
  return true
}
