import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../finding.ts'
import { type Cluster, everythingIn, type Fleet } from '../fleet.ts'
import { groupOf, idOf, isFlux, type Resource } from '../resource.ts'

/** Flux 2.9, what AKS brings, and the controllers of infrastructure/. */
const versions: Readonly<Record<string, string>> = {
  'source.toolkit.fluxcd.io': 'v1',
  'kustomize.toolkit.fluxcd.io': 'v1',
  'helm.toolkit.fluxcd.io': 'v2',
  'notification.toolkit.fluxcd.io': 'v1beta3',
  'fluxcd.controlplane.io': 'v1',
  'cert-manager.io': 'v1',
  'gateway.networking.k8s.io': 'v1',
  'rbac.authorization.k8s.io': 'v1',
  'networking.k8s.io': 'v1',
  '': 'v1',
}

/** What must not be in Git, and what is installed from elsewhere. */
export const safety = (fleet: Fleet): Finding[] => [
  ...fleet.files.flatMap((file) => secrets(readFileSync(join(fleet.repository, file), 'utf8'), file)),
  ...fleet.clusters.flatMap((cluster) => [
    ...apiVersions(cluster),
    ...versioned(cluster),
    ...facts(cluster),
    ...pruned(cluster),
  ]),
]

const shapes: Readonly<Record<string, RegExp>> = {
  'a Secret': /^kind: Secret$/m,
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  'a token of GitHub': /\b(ghp|gho|ghs|github_pat)_\w{20,}/,
  'a key of Stripe': /\b[rs]k_live_\w+/,
  'a key of Azure': /\b(AccountKey|SharedAccessKey|sig)=[\w+/%]{20,}/,
  'a password': /^\s*(password|clientSecret|token): *["']?[^\s"'$]+/im,
}

/** Secrets by their looks. */
export function secrets(text: string, file: string): Finding[] {
  return Object.entries(shapes)
    .filter(([, shape]) => shape.test(text))
    .map(([what]) => ({
      rule: 'no secret is in Git',
      where: file,
      what: `it looks as if it held ${what}`,
      mend: 'keep it in Key Vault, and name the vault',
    }))
}

function apiVersions(cluster: Cluster): Finding[] {
  return everythingIn(cluster)
    .filter((resource) => versions[groupOf(resource)] !== resource.apiVersion.split('/').at(-1))
    .map((resource) => ({
      rule: 'API versions are those of this Flux',
      where: `${cluster.name}: ${idOf(resource)}`,
      what: `${resource.apiVersion} is not known`,
      mend: `take ${versions[groupOf(resource)] ?? 'another API, or add it to rules/safety.ts'}`,
    }))
}

const exact = /^v?\d+\.\d+\.\d+(-[\w.-]+)?$/

function versioned(cluster: Cluster): Finding[] {
  return everythingIn(cluster).flatMap((resource) => {
    const what = unversioned(resource)
    if (what === undefined) return []
    const where = `${cluster.name}: ${idOf(resource)}`
    return [{ rule: 'what is installed is versioned', where, what, mend: 'name one exact version' } satisfies Finding]
  })
}

function unversioned(resource: Resource): string | undefined {
  const { ref, chart, distribution } = resource.spec ?? {}
  if (isFlux(resource, 'OCIRepository') && !exact.test(ref?.tag ?? ''))
    return `its tag is ${ref?.tag ?? 'missing'}, which is no exact version`
  if (chart && chart.spec.sourceRef.kind !== 'GitRepository' && !exact.test(chart.spec.version ?? ''))
    return `its chart's version is ${chart.spec.version ?? 'missing'}, which is not exact`
  if (resource.kind === 'FluxInstance' && !exact.test(distribution?.version ?? ''))
    return `its distribution is ${distribution?.version}, which is not exact`
  const images = [...JSON.stringify(resource).matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image ?? '')
  const loose = images.find((image) => !/(@sha256:|:v?\d)/.test(image))
  return loose === undefined ? undefined : `image ${loose} has no version`
}

/** A namespace takes everything in it along, a release everything that it made, and a FluxInstance Flux. A local cluster may be taken down. */
const pruned = (cluster: Cluster): Finding[] =>
  everythingIn(cluster)
    .filter(
      ({ kind }) =>
        kind === 'Namespace' || kind === 'FluxInstance' || (kind === 'HelmRelease' && cluster.name !== 'local'),
    )
    .filter(({ metadata }) => metadata.annotations?.['kustomize.toolkit.fluxcd.io/prune'] !== 'disabled')
    .map((resource) => ({
      rule: 'what takes others along is deleted by hand',
      where: `${cluster.name}: ${idOf(resource)}`,
      what: 'Flux deletes it when Git no longer has it',
      mend: 'annotate it kustomize.toolkit.fluxcd.io/prune: disabled',
    }))

/** Every `${fact}` is declared. Kustomizations are substituted with the facts that they name; here all name the same. */
function facts({ name, root, applied, facts: declared }: Cluster): Finding[] {
  const places = [
    {
      where: `deploy/flux/clusters/${name}`,
      resources: root.filter(({ metadata }) => metadata.name !== 'runtime-info'),
    },
    ...applied.map(({ folder, resources }) => ({ where: folder, resources })),
  ]
  return places.flatMap(({ where, resources }) =>
    [...new Set([...JSON.stringify(resources).matchAll(/\$\{(\w+)[^}]*\}/g)].map(([, fact]) => fact ?? ''))]
      .filter((fact) => !(fact in declared))
      .map((fact) => ({
        rule: 'facts are declared',
        where: `${name}: ${where}`,
        what: `it asks for \${${fact}}`,
        mend: `declare it in deploy/flux/clusters/${name}, or mend the name`,
      })),
  )
}
