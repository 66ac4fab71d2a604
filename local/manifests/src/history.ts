import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ServiceName } from '@flotilla/contracts/topology'
import { parse } from 'yaml'
import { z } from 'zod'

const run = promisify(execFile)

const Chart = z.object({ version: z.string() })

const versionIn = (chart: string): string => Chart.parse(parse(chart)).version

/** The version of the chart in a folder. */
export const versionOf = (folder: string): string => versionIn(readFileSync(join(folder, 'Chart.yaml'), 'utf8'))

/**
 * Puts the charts as they were published with a version of a service's into a folder: those of the last commit that has it, because from
 * its publication on, what changes a chart raises its version. Of a branch, what it has beside `origin/main` was never published. False when
 * this clone has no such commit.
 */
export async function chartsOf(
  repository: string,
  service: ServiceName,
  version: string,
  into: string,
): Promise<boolean> {
  const git = async (...args: string[]) => (await run('git', ['-C', repository, ...args])).stdout
  const file = `deploy/helm/${service}/Chart.yaml`
  const start = await git('merge-base', 'HEAD', 'refs/remotes/origin/main').then(
    (commit) => commit.trim(),
    // A clone without it, or without a commit in common.
    () => 'HEAD',
  )
  // Of main: a branch may have had the version before it was merged.
  const log = [
    'log',
    start,
    '--first-parent',
    '--diff-merges=first-parent',
    '--diff-filter=AM',
    '--format=%H',
    '--no-patch',
    '--',
    file,
  ]
  const commits = (await git(...log)).split('\n').filter(Boolean)
  const versions = await Promise.all(commits.map(async (commit) => versionIn(await git('show', `${commit}:${file}`))))
  const index = versions.indexOf(version)
  if (index === -1) return false
  const last = index === 0 ? start : `${commits[index - 1]}^`
  mkdirSync(into, { recursive: true })
  const archive = join(into, 'charts.tar')
  await git('archive', '--format=tar', `--output=${archive}`, last, 'deploy/helm')
  await run('tar', ['-xf', archive, '-C', into])
  return true
}
