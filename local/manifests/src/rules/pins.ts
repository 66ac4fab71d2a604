import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type ServiceName, services } from '@flotilla/contracts/topology'
import type { Finding } from '../finding.ts'
import type { Applied, Cluster, Fleet } from '../fleet.ts'
import { chartFile, chartManifest, noRelease, pinned, pinnedEnvironments } from '../promotion.ts'
import { idOf, isFlux, type Resource } from '../resource.ts'
import { isService } from './tenancy.ts'

const repositoryFact = `\${github_repository}`

/** Who may have signed a chart: the release workflow of this repository, on main. */
const verify = {
  provider: 'cosign',
  matchOIDCIdentity: [
    {
      issuer: String.raw`^https://token\.actions\.githubusercontent\.com$`,
      subject: String.raw`^https://github\.com/${repositoryFact}/\.github/workflows/release\.yaml@refs/heads/main$`,
    },
  ],
}

/** Whether staging and production run what was published and promoted, and nothing else. */
export const pins = (fleet: Fleet): Finding[] => [
  ...fleet.clusters.flatMap((cluster) => (isPinned(cluster) ? pinsOf(cluster, fleet.repository) : [])),
  ...registries(fleet),
]

const isPinned = ({ name }: Cluster): boolean => pinnedEnvironments.some((each) => each === name)

function pinsOf(cluster: Cluster, repository: string): Finding[] {
  return cluster.applied.filter(isService).flatMap((applied) => {
    const service = services.find((each) => each === applied.by.metadata.name)
    const file = service && chartFile(cluster.name === 'staging' ? 'staging' : 'production', service)
    // A file that is missing does not build.
    if (!file || !existsSync(join(repository, file))) return []
    const text = readFileSync(join(repository, file), 'utf8')
    if (!asPinWrites(service, text)) return [handwritten(file)]
    return [...facts(cluster, applied), ...sources(cluster, applied, text), ...images(cluster, applied)]
  })
}

const handwritten = (file: string): Finding => ({
  rule: 'what runs was published',
  where: file,
  what: 'it is not as `npm run manifests -- pin` writes it',
  mend: 'pin a release that has a digest, or promote; what else a service needs goes into its values.yaml',
})

function asPinWrites(service: ServiceName, text: string): boolean {
  try {
    const pin = pinned(service, text)
    return text === (pin === undefined ? noRelease : chartManifest(pin))
  } catch {
    return false
  }
}

const factsOfTheCluster = { substituteFrom: [{ kind: 'ConfigMap', name: 'runtime-info' }] }

/** Registry and repository are facts: what puts others in their place decides what runs, and who may have signed it. */
function facts({ name }: Cluster, { by }: Applied): Finding[] {
  if (isDeepStrictEqual(by.spec?.postBuild, factsOfTheCluster)) return []
  return [
    {
      rule: 'what runs was published',
      where: `${name}: ${idOf(by)}`,
      what: 'it takes facts from elsewhere than the ConfigMap runtime-info',
      mend: 'let spec.postBuild hold nothing but substituteFrom: runtime-info',
    },
  ]
}

/** What becomes of the pin when everything is put together: one source, whose signature is verified, and one release of it. */
function sources(cluster: Cluster, { by, resources }: Applied, text: string): Finding[] {
  const { name } = by.metadata
  const found = resources.filter(({ kind }) => /Repository$|^Bucket$|^HelmChart$|^ExternalArtifact$/.test(kind))
  return found.flatMap((source) => {
    const wrong = deviation(source, name, text)
    if (wrong === undefined) return []
    const [what, mend] = wrong
    return [
      { rule: 'what runs was published', where: `${cluster.name}: ${idOf(source)}`, what, mend } satisfies Finding,
    ]
  })
}

function deviation(source: Resource, service: string, text: string): [what: string, mend: string] | undefined {
  const { url, ref, verify: verified } = source.spec ?? {}
  if (!isFlux(source, 'OCIRepository') || url !== `oci://\${registry}/charts/${service}`)
    return ['it is another source than the registry', `only oci://\${registry}/charts/${service} is released`]
  if (!text.includes(`    tag: ${ref?.tag}\n    digest: ${ref?.digest}\n`) || Object.keys(ref ?? {}).length !== 2)
    return ['it is not what chart.yaml pins', 'take the patch of spec.ref away']
  if (!isDeepStrictEqual(verified, verify))
    return [
      'it takes a chart that somebody else may have signed',
      'include components/oci-chart, and leave spec.verify as it is',
    ]
  return undefined
}

/** A published chart names its image by the digest, so its values say no more of it than where it is; and they are seen here, all of them. */
function images(cluster: Cluster, { by, resources }: Applied): Finding[] {
  const image = { repository: `\${registry}/flotilla/${by.metadata.name}` }
  return resources
    .filter((resource) => isFlux(resource, 'HelmRelease'))
    .flatMap((release) => {
      const { values, valuesFrom, postRenderers } = release.spec ?? {}
      const found = (what: string, mend: string): Finding => ({
        rule: 'what runs was published',
        where: `${cluster.name}: ${idOf(release)}`,
        what,
        mend,
      })
      const wrong: Finding[] = []
      if (!isDeepStrictEqual(values?.image, image))
        wrong.push(
          found(
            'its values name another image than the one that was published with the chart',
            `let spec.values.image hold nothing but repository: ${image.repository}`,
          ),
        )
      if (valuesFrom !== undefined)
        wrong.push(found('it takes values from elsewhere', 'move them to values.yaml, and take spec.valuesFrom away'))
      if (postRenderers !== undefined)
        wrong.push(
          found('it changes what the chart renders', 'make it a value of the chart, and take spec.postRenderers away'),
        )
      return wrong
    })
}

/** Promotion copies a digest, not a chart. */
function registries({ clusters }: Fleet): Finding[] {
  const named = clusters
    .filter(isPinned)
    .flatMap(({ name, facts: { registry } }) => (registry ? [{ name, registry }] : []))
  if (new Set(named.map(({ registry }) => registry)).size <= 1) return []
  return [
    {
      rule: 'what runs was published',
      where: named.map(({ name }) => `deploy/flux/clusters/${name}/runtime-info.example.env`).join(', '),
      what: 'the clusters have a registry each',
      mend: 'name one registry: what is promoted is a digest, which the other does not have',
    },
  ]
}
