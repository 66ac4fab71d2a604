import { environmentProblems } from '@flotilla/charts/environment'
import type { Manifest } from '@flotilla/charts/helm'
import { problemsOf } from '@flotilla/charts/rules'
import { services } from '@flotilla/contracts/topology'
import type { Finding } from '../finding.ts'
import type { Rendered } from '../rendering.ts'

/**
 * What holds for the objects of a release. Of a chart that was published before, only what its cluster has to take: rules of charts may
 * have become stricter since.
 */
export const renderings = (all: readonly Rendered[]): Finding[] =>
  all.flatMap(({ cluster, chart, where, isCurrent, manifests }) => {
    const isService = services.some((each) => each === chart)
    const problems = isCurrent
      ? [
          ...manifests.flatMap((manifest) => problemsOf(manifest, cluster.name)),
          ...(isService ? environmentProblems(chart, manifests) : []),
        ]
      : []
    const rules: Finding[] = problems.map((what) => ({
      rule: 'the chart takes the values',
      where,
      what,
      mend: `see deploy/helm/${chart}/README.md`,
    }))
    return [...rules, ...manifests.filter(holdsData).map((manifest) => lost(where, manifest))]
  })

/** A claim that goes when the release is uninstalled, as it is when its first installation fails. */
function holdsData({ kind, metadata }: Manifest): boolean {
  const annotations = metadata.annotations as Record<string, string> | undefined
  return kind === 'PersistentVolumeClaim' && annotations?.['helm.sh/resource-policy'] !== 'keep'
}

const lost = (where: string, { metadata }: Manifest): Finding => ({
  rule: 'a release holds no data',
  where,
  what: `it makes the claim ${metadata.name}, which is deleted when an installation fails`,
  mend: 'name an existing claim, or annotate it helm.sh/resource-policy: keep',
})
