import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { type CommandOptions, outputOf } from './command.ts'

/**
 * A chart is released by its version: what changes without a higher one reaches no cluster. Packages change with the folder of the chart
 * and with the library inside; what is only for tests and readers does not count.
 */

const helm = 'deploy/helm'
const library = 'flotilla-lib'
const aside = /^(tests|ci|charts)\/|^README\.md$/

export interface VersionsOptions {
  readonly repository: string
  /** A branch or commit, such as origin/main. What it and this one have in common is compared with the working tree. */
  readonly since: string
  readonly charts: readonly string[]
  readonly environment: CommandOptions['environment']
}

/** The charts that changed without a higher version, and how to mend each. */
export async function unraised({ repository, since, charts, environment }: VersionsOptions): Promise<string[]> {
  const git = (...args: string[]) => outputOf('git', args, { cwd: repository, environment })
  const base = (await git('merge-base', since, 'HEAD')).trim()
  const changed = await git('diff', '--name-only', '--no-renames', '-z', base, '--', helm)
  const files = changed.split('\0').filter((file) => file !== '')
  const ofLibrary = packaged(files, library)
  const findings = await Promise.all(
    charts.map(async (chart) => {
      const what = [...packaged(files, chart), ...ofLibrary]
      const file = `${helm}/${chart}/Chart.yaml`
      // A chart that is new has nothing to be higher than.
      if (what.length === 0 || (await git('ls-tree', '--name-only', base, '--', file)) === '') return []
      const before = versionOf(await git('show', `${base}:${file}`), file)
      const now = versionOf(readFileSync(join(repository, file), 'utf8'), file)
      if (isHigher(now, before)) return []
      const others = what.length > 1 ? ` and ${what.length - 1} more` : ''
      return [
        `${chart} changed since ${since} (${what[0]}${others}), but its version ${now} is not higher than ${before}, so no cluster would get it: ` +
          `raise version and appVersion in ${file}`,
      ]
    }),
  )
  return findings.flat()
}

function packaged(files: readonly string[], chart: string): string[] {
  const folder = `${helm}/${chart}/`
  return files.filter((file) => file.startsWith(folder) && !aside.test(file.slice(folder.length)))
}

const Chart = z.object({ version: z.string() })
const exact = /^(\d+)\.(\d+)\.(\d+)$/

function versionOf(manifest: string, file: string): string {
  const { version } = Chart.parse(parse(manifest, { schema: 'failsafe' }))
  if (!exact.test(version)) throw new Error(`version ${version} in ${file} is none such as 1.4.0`)
  return version
}

function isHigher(version: string, other: string): boolean {
  const before = other.split('.').map(Number)
  const steps = version.split('.').map((part, index) => Number(part) - (before[index] ?? 0))
  return (steps.find((step) => step !== 0) ?? 0) > 0
}
