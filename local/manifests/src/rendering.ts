import { mkdtempSync, writeFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { type Chart, charts } from '@flotilla/charts/charts'
import { type Manifest, manifestsOf } from '@flotilla/charts/helm'
import { type ServiceName, services } from '@flotilla/contracts/topology'
import { parse, stringify } from 'yaml'
import type { Finding } from './finding.ts'
import { type Cluster, everythingIn, type Fleet } from './fleet.ts'
import { versionOf } from './history.ts'
import { nobodysDigest } from './pinned-copy.ts'
import { idOf, isFlux, type Resource } from './resource.ts'

/** What Helm does here. */
export interface Renderer {
  build(chart: Chart): Promise<void>
  template(
    chart: Chart,
    args: readonly string[],
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }>
}

export interface RenderingOptions {
  readonly helm: Renderer
  /** Puts the charts that were published with a version of a service's into a folder; false when they cannot be had. */
  readonly chartsOf: (service: ServiceName, version: string, into: string) => Promise<boolean>
  /** A folder for what is made on the way. */
  readonly work: string
}

/** What a release of Flux makes of its chart. */
export interface Rendered {
  readonly cluster: Cluster
  readonly chart: string
  readonly where: string
  /** Whether it is of the chart as it is now; otherwise of one that was published before. */
  readonly isCurrent: boolean
  readonly text: string
  readonly manifests: readonly Manifest[]
}

export interface Renderings {
  readonly rendered: readonly Rendered[]
  readonly findings: readonly Finding[]
  /** Releases that were not rendered, and why. */
  readonly leftOut: readonly string[]
}

/** Renders every release of the fleet: the chart that it runs, with the values that it gives and the facts put in. */
export async function render(fleet: Fleet, options: RenderingOptions): Promise<Renderings> {
  const rendered: Rendered[] = []
  const findings: Finding[] = []
  const leftOut: string[] = []
  for (const { cluster, release, own } of fleet.clusters.flatMap(releasesOf)) {
    const where = `${cluster.name}: ${idOf(release)}`
    const chart = await chartOf({ fleet, cluster, release, own }, options)
    if ('missing' in chart) {
      leftOut.push(`${where}: ${chart.missing}`)
      continue
    }
    const args = valuesOf(fleet, cluster, release, options.work).flatMap((file) => ['--values', file])
    await options.helm.build(chart.chart)
    const { code, out, err } = await options.helm.template(chart.chart, args)
    if (code === 0)
      rendered.push({
        cluster,
        chart: own.name,
        where,
        isCurrent: chart.isCurrent,
        text: out,
        manifests: manifestsOf(out),
      })
    else findings.push(refused(where, own, err))
  }
  return { rendered, findings, leftOut }
}

interface Release {
  readonly cluster: Cluster
  readonly release: Resource
  readonly own: Chart
}

/** Of our own charts. */
const releasesOf = (cluster: Cluster): Release[] =>
  everythingIn(cluster)
    .filter((resource) => isFlux(resource, 'HelmRelease'))
    .flatMap((release) =>
      charts.filter(({ name }) => name === release.metadata.name).map((own) => ({ cluster, release, own })),
    )

const refused = (where: string, { name }: Chart, said: string): Finding => ({
  rule: 'the chart takes the values',
  where,
  what: said.replace(/\n+Use --debug flag.*/s, '').trim(),
  mend: `see deploy/helm/${name}/README.md`,
})

type Found = { readonly chart: Chart; readonly isCurrent: boolean } | { readonly missing: string }

/** The chart of the repository, if it has the version that the release runs; otherwise the one that was published with that version. */
async function chartOf(
  { fleet, cluster, release, own }: Release & { readonly fleet: Fleet },
  { chartsOf, work }: RenderingOptions,
): Promise<Found> {
  const chart = { ...own, folder: join(fleet.repository, 'deploy/helm', own.name) }
  if (release.spec?.chart) return { chart, isCurrent: true }
  const source = everythingIn(cluster).find(
    ({ kind, metadata }) => kind === release.spec?.chartRef?.kind && metadata.name === release.spec.chartRef.name,
  )
  const version = source?.spec?.ref?.tag
  const service = services.find((each) => each === own.name)
  if (version === undefined || service === undefined) return { missing: 'it names no version of a chart' }
  if (version === versionOf(chart.folder)) return { chart, isCurrent: true }
  const folder = mkdtempSync(join(work, `${service}-${version}-`))
  if (!(await chartsOf(service, version, folder)))
    return { missing: `chart ${version} is in no commit of this clone (git fetch --unshallow gets all of them)` }
  return { chart: { ...own, folder: join(folder, 'deploy/helm', own.name) }, isCurrent: false }
}

/** Files of values, later ones over earlier ones: of a chart from Git those that it names; of a published one what is in the release. */
function valuesOf({ repository }: Fleet, { facts }: Cluster, { spec }: Resource, work: string): string[] {
  if (spec?.chart) return (spec.chart.spec.valuesFiles ?? []).map((file) => join(repository, normalize(file)))
  const folder = mkdtempSync(join(work, 'values-'))
  const [published, given] = [join(folder, 'published.yaml'), join(folder, 'given.yaml')]
  // publish-chart writes the digest of the image into the chart.
  writeFileSync(published, stringify({ image: { digest: nobodysDigest } }))
  writeFileSync(given, stringify(withFacts(spec?.values ?? {}, facts)))
  return [published, given]
}

/** As kustomize-controller does it: in the text, so a fact may become a number. */
export function withFacts(values: unknown, facts: Readonly<Record<string, string>>): unknown {
  const text = stringify(values, { lineWidth: 0 })
  return parse(text.replaceAll(/\$\{(\w+)\}/g, (all, fact: string) => facts[fact] ?? all))
}
