import type { Finding } from '../finding.ts'
import type { Applied, Cluster, Environment, Fleet } from '../fleet.ts'
import { idOf, isFlux, type Resource } from '../resource.ts'
import { isService } from './tenancy.ts'

/** docs/adr/0019-flux-remediation-and-promotion.md */
const onFailure: Readonly<Record<Environment, 'RemediateOnFailure' | 'RetryOnFailure'>> = {
  local: 'RemediateOnFailure',
  staging: 'RetryOnFailure',
  production: 'RemediateOnFailure',
}

/** How releases are rolled out. */
export const releases = ({ clusters }: Fleet): Finding[] =>
  clusters.flatMap((cluster) =>
    cluster.applied.filter(isService).flatMap((applied) => {
      const found = applied.resources.filter((resource) => isFlux(resource, 'HelmRelease'))
      return found.flatMap((release) => [
        ...failures(cluster, applied, release),
        ...oneObject(cluster, applied, release),
      ])
    }),
  )

function failures({ name }: Cluster, { by }: Applied, release: Resource): Finding[] {
  const found: [what: string, mend: string][] = []
  const { install, upgrade, driftDetection, timeout } = release.spec ?? {}
  // Strategies of installation and upgrade are of one kind: an installation that is tried again in place is an upgrade to the controller.
  if (install?.strategy?.name !== onFailure[name])
    found.push([
      `a failed installation is dealt with by ${install?.strategy?.name}`,
      `set spec.install.strategy.name: ${onFailure[name]}`,
    ])
  if (onFailure[name] === 'RemediateOnFailure' && install?.remediation?.retries !== -1)
    found.push(['a first installation that fails is given up', 'set spec.install.remediation.retries: -1'])
  const strategy = upgrade?.strategy?.name
  if (strategy !== onFailure[name])
    found.push([`a failed upgrade is dealt with by ${strategy}`, `set spec.upgrade.strategy.name: ${onFailure[name]}`])
  const { remediateLastFailure, strategy: remedy } = upgrade?.remediation ?? {}
  if (onFailure[name] === 'RemediateOnFailure' && (remediateLastFailure !== true || remedy !== 'rollback'))
    found.push(['the last failure is not rolled back', 'include apps/components/roll-back'])
  if (driftDetection?.mode !== 'enabled') found.push(['drift is not mended', 'include apps/components/release'])
  if (seconds(by.spec?.timeout) <= seconds(timeout))
    found.push([`Kustomization ${by.metadata.name} gives up before the release does`, 'give it the longer timeout'])
  return found.map(([what, mend]) => ({
    rule: 'a failure is dealt with as decided',
    where: `${name}: ${idOf(release)}`,
    what,
    mend,
  }))
}

const units = { s: 1, m: 60, h: 3600 } as const

/** A duration of Flux, such as `1m30s`, in seconds; 0 when there is none. */
export const seconds = (duration = ''): number =>
  [...duration.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
    0,
  )

/**
 * A commit must upgrade a release once. From Git, all of it is in the chart's artifact, which changes with the chart's version. From a
 * registry, the HelmRelease changes with the version too, because it names its source by it.
 */
function oneObject({ name }: Cluster, { resources }: Applied, release: Resource): Finding[] {
  const found = (what: string, mend: string): Finding[] => [
    { rule: 'an upgrade is one object', where: `${name}: ${idOf(release)}`, what, mend },
  ]
  const chart = release.spec?.chart?.spec
  if (chart) {
    if (chart.reconcileStrategy === 'Revision')
      return found('every commit makes a new chart', 'set reconcileStrategy: ChartVersion')
    if (release.spec?.values || release.spec?.valuesFrom)
      return found('it has values beside the chart', 'move them to one of spec.chart.spec.valuesFiles')
    return []
  }
  const source = resources.find(
    ({ kind, metadata }) => kind === release.spec?.chartRef?.kind && metadata.name === release.spec.chartRef.name,
  )
  const wanted = `${release.metadata.name}-${source?.spec?.ref?.tag}`
  return source && source.metadata.name !== wanted
    ? found(`its source is called ${source.metadata.name}`, `call it ${wanted}: npm run manifests -- pin`)
    : []
}
