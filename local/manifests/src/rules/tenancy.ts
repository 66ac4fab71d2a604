import type { Finding } from '../finding.ts'
import { type Applied, type Cluster, everythingIn, type Fleet } from '../fleet.ts'
import { idOf, isFlux, type Reference, type Resource } from '../resource.ts'

const platform = 'flux-system'
/** The accounts of Flux itself, which may do everything: for what belongs to the cluster. */
const platformAccounts = ['kustomize-controller', 'helm-controller']

/** Whether each service is applied and released as an account that reaches its own namespace only. */
export const tenancy = ({ clusters }: Fleet): Finding[] =>
  clusters.flatMap((cluster) => [...crossings(cluster), ...accounts(cluster), ...kept(cluster), ...closed(cluster)])

export const isService = ({ folder }: Applied): boolean => folder.startsWith('deploy/flux/apps/')

const finding = (cluster: Cluster, resource: Resource, what: string, mend: string): Finding => ({
  rule: 'a service keeps to its namespace',
  where: `${cluster.name}: ${idOf(resource)}`,
  what,
  mend,
})

/** Locked down controllers refuse references into another namespace. */
function crossings(cluster: Cluster): Finding[] {
  return everythingIn(cluster)
    .filter(({ apiVersion }) => apiVersion.includes('.toolkit.fluxcd.io/'))
    .flatMap((resource) => {
      const { sourceRef, chartRef, chart, dependsOn, eventSources } = resource.spec ?? {}
      const references: (Reference | undefined)[] = [
        sourceRef,
        chartRef,
        chart?.spec.sourceRef,
        ...(dependsOn ?? []),
        ...(eventSources ?? []),
      ]
      return references
        .filter((reference) => (reference?.namespace ?? resource.metadata.namespace) !== resource.metadata.namespace)
        .map((reference) =>
          finding(
            cluster,
            resource,
            `it refers to ${reference?.name} in ${reference?.namespace}`,
            'refer to something of its own namespace',
          ),
        )
    })
}

/** Everything is applied as a named account, and a service as its own, which is there. */
function accounts(cluster: Cluster): Finding[] {
  const all = everythingIn(cluster)
  const there = new Set(
    all
      .filter(({ kind }) => kind === 'ServiceAccount')
      .map(({ metadata: { name, namespace } }) => `${namespace}/${name}`),
  )
  const kustomizations = cluster.applied.flatMap((applied) => {
    const { name } = applied.by.metadata
    const expected = isService(applied) ? [name] : platformAccounts
    return wrongAccount(cluster, applied.by, expected, there)
  })
  const releases = all
    .filter((resource) => isFlux(resource, 'HelmRelease'))
    .flatMap((release) =>
      wrongAccount(cluster, release, release.metadata.namespace === platform ? platformAccounts : ['flux'], there),
    )
  return [...kustomizations, ...releases]
}

function wrongAccount(
  cluster: Cluster,
  resource: Resource,
  expected: readonly string[],
  there: ReadonlySet<string>,
): Finding[] {
  const account = resource.spec?.serviceAccountName ?? ''
  if (!expected.includes(account))
    return [
      finding(
        cluster,
        resource,
        `it is applied as ${account || 'nobody'}`,
        `set spec.serviceAccountName: ${expected[0]}`,
      ),
    ]
  if (platformAccounts.includes(account) || there.has(`${resource.metadata.namespace}/${account}`)) return []
  return [
    finding(
      cluster,
      resource,
      `there is no account ${account} in ${resource.metadata.namespace}`,
      'add it to infrastructure/tenants',
    ),
  ]
}

/** What apps/ applies for a service is in the namespace of its name. */
function kept(cluster: Cluster): Finding[] {
  return cluster.applied
    .filter(isService)
    .flatMap(({ by, resources }) =>
      resources
        .filter(({ metadata }) => metadata.namespace !== by.metadata.name)
        .map((resource) =>
          finding(
            cluster,
            resource,
            `Kustomization ${by.metadata.name} applies it`,
            `put it into namespace ${by.metadata.name}`,
          ),
        ),
    )
}

/** The namespaces of services hold pods to the restricted standard, and let nothing in or out unless a policy says so. */
function closed(cluster: Cluster): Finding[] {
  const all = everythingIn(cluster)
  const namespaces = all.filter(({ kind }) => kind === 'Namespace')
  return cluster.applied.filter(isService).flatMap(({ by }): Finding[] => {
    const { name } = by.metadata
    const where = `${cluster.name}: Namespace ${name}`
    const rule = 'a namespace is closed' as const
    const namespace = namespaces.find(({ metadata }) => metadata.name === name)
    if (!namespace) return [{ rule, where, what: 'it is not there', mend: 'add it to infrastructure/tenants' }]
    const found: Finding[] = []
    if (namespace.metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted')
      found.push({
        rule,
        where,
        what: 'pods are not held to the restricted standard',
        mend: 'label it pod-security.kubernetes.io/enforce: restricted',
      })
    const denies = all.some(
      ({ kind, metadata, spec }) =>
        kind === 'NetworkPolicy' &&
        metadata.namespace === name &&
        Object.keys(spec?.podSelector ?? { any: 0 }).length === 0 &&
        spec?.policyTypes?.includes('Ingress') &&
        spec.policyTypes.includes('Egress') &&
        !('ingress' in spec) &&
        !('egress' in spec),
    )
    if (!denies)
      found.push({
        rule,
        where,
        what: 'no NetworkPolicy denies everything',
        mend: 'include infrastructure/tenants/tenant',
      })
    return found
  })
}
