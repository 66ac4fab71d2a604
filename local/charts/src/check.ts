import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { apiSchemas, schemaLocation } from './api-schemas.ts'
import { type Chart, charts, chartsFolder, type Environment, valuesFile } from './charts.ts'
import { type CommandOptions, type Ended, run } from './command.ts'
import { valuesWithoutEffect } from './effects.ts'
import { environmentProblems } from './environment.ts'
import { stale } from './generated.ts'
import { Helm, manifestsOf } from './helm.ts'
import { problemsOf } from './rules.ts'
import { installTools, type Tools } from './tools.ts'
import { serviceValues } from './values/service.ts'

export interface CheckOptions {
  /** Where programs and schemas are kept. */
  readonly cache: string
  readonly environment: CommandOptions['environment']
  readonly say: (line: string) => void
}

/** What was found, a line or more each; none is what must be. */
export type Findings = readonly string[]

/** A chart as it is in one environment. */
interface Rendering {
  readonly chart: Chart
  readonly environment: Environment
  readonly name: string
  readonly args: readonly string[]
}

const renderings: readonly Rendering[] = charts.flatMap((chart) =>
  chart.environments.map((environment) => ({
    chart,
    environment,
    name: `${chart.name}-${environment}`,
    args: ['--values', valuesFile(chart, environment)],
  })),
)

/**
 * Everything that charts can be held to without a cluster: what is generated is current, they lint, their own tests pass, every
 * environment renders to what the APIs take and what the scanner and our own rules accept, and every value matters.
 */
export async function check(options: CheckOptions): Promise<Findings> {
  const { cache, environment, say } = options
  const old = stale().map(
    ({ file }) => `${relative(chartsFolder, file)} is not as its source says: npm run charts -- --write`,
  )
  if (old.length > 0) return old
  mkdirSync(cache, { recursive: true })
  const tools = await installTools(options)
  const helm = new Helm(tools.helm, cache, environment)
  for (const chart of charts) await helm.build(chart)

  const findings: string[] = []
  const step = async (name: string, work: () => Promise<Findings>) => {
    const begun = performance.now()
    const found = await work()
    findings.push(...found)
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    say(`${name}: ${found.length === 0 ? 'nothing found' : `${found.length} found`} (${seconds} s)`)
  }
  await step('lint', () => lint(helm))
  await step('unit tests', () => within((folder) => unitTests(tools, helm, folder)))
  await within(async (folder) => {
    await step('rendering and rules', () => render(helm, folder))
    await step('schemas of the APIs', () => conform(tools, folder, options))
    await step('scan', () => scan(tools, folder, helm.environment))
  })
  await step('every value matters', () => effects(helm))
  return findings
}

/** Works in a folder that is gone afterwards. */
async function within<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-charts-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const failure = (what: string, { code, out, err }: Ended): string[] =>
  code === 0 ? [] : [`${what}:\n${[out, err].map((text) => text.trim()).join('\n')}`]

async function lint(helm: Helm): Promise<Findings> {
  const found = await Promise.all(
    renderings.map(async ({ chart, name, args }) => failure(`helm lint of ${name}`, await helm.lint(chart, args))),
  )
  return found.flat()
}

/** Each chart's own suites, and for the services those of the library, on the values of an environment. */
async function unitTests({ unittest }: Tools, { environment }: Helm, folder: string): Promise<Findings> {
  const found = await Promise.all(
    charts.map(async (chart) => {
      const base = chart.environments.includes('staging') ? 'staging' : 'local'
      const values = ['--values', valuesFile(chart, base)]
      const suites = [join(chart.folder, 'tests', '*_test.yaml'), ...librarySuites(chart, folder)]
      const args = ['--strict', ...values, ...suites.flatMap((glob) => ['--file', relative(chart.folder, glob)])]
      return failure(`helm unittest of ${chart.name}`, await run(unittest, [...args, chart.folder], { environment }))
    }),
  )
  return found.flat()
}

/** Suites of the library for a release that is called as the chart, written to files of their own. */
function librarySuites({ name, values }: Chart, folder: string): string[] {
  if (!(name in serviceValues)) return []
  const rooms = ['common', ...('database' in values.shape ? ['sql'] : [])]
  return rooms.flatMap((room) => {
    const suites = join(chartsFolder, 'flotilla-lib', 'tests', room)
    return readdirSync(suites, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const copy = join(folder, `${name}-${room}-${entry.name}`)
        writeFileSync(copy, readFileSync(join(suites, entry.name), 'utf8').replaceAll('RELEASE-NAME', name))
        return copy
      })
  })
}

/** Writes each rendering to a file of its own, and holds every object to our rules. */
async function render(helm: Helm, folder: string): Promise<Findings> {
  const found = await Promise.all(
    renderings.map(async ({ chart, environment, name, args }) => {
      const ended = await helm.template(chart, args)
      if (ended.code !== 0) return failure(`helm template of ${name}`, ended)
      writeFileSync(join(folder, `${name}.yaml`), ended.out)
      const manifests = manifestsOf(ended.out)
      const problems = manifests.flatMap((manifest) => problemsOf(manifest, environment))
      const own = chart.name in serviceValues ? environmentProblems(chart.name, manifests) : []
      return [...problems, ...own].map((problem) => `${name}: ${problem}`)
    }),
  )
  return found.flat()
}

/** Every object in the files of a folder, by the schemas of the APIs. */
export async function conform({ kubeconform }: Tools, folder: string, options: CheckOptions): Promise<Findings> {
  const location = schemaLocation(await apiSchemas(options))
  const args = ['-strict', '-summary', '-schema-location', location, folder]
  return failure('kubeconform', await run(kubeconform, args, { environment: options.environment }))
}

/** checkov, with the exceptions that `.checkov.yaml` argues. */
export async function scan(
  { checkov }: Tools,
  folder: string,
  environment: CommandOptions['environment'],
): Promise<Findings> {
  if (readdirSync(folder).length === 0) return []
  const args = ['--config-file', join(chartsFolder, '.checkov.yaml'), '--directory', folder]
  return failure('checkov', await run(checkov, args, { cwd: folder, environment }))
}

async function effects(helm: Helm): Promise<Findings> {
  const found = await Promise.all(
    charts.map(async (chart) => {
      const bases = [...renderings.filter((it) => it.chart === chart).map(({ args }) => args), []]
      const idle = await valuesWithoutEffect(helm, chart, bases)
      return idle.map((path) => `${chart.name}: the value ${path} changes nothing in any environment`)
    }),
  )
  return found.flat()
}
