import { z } from 'zod'
import type { Finding } from '../finding.ts'
import { type Cluster, everythingIn, type Fleet } from '../fleet.ts'
import type { Rendered } from '../rendering.ts'
import { groupOf } from '../resource.ts'
import { isService } from './tenancy.ts'

const Role = z.looseObject({
  rules: z.array(
    z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
  ),
})

/** As which role a release is installed, and its HelmRelease applied. */
const installs = 'flotilla-release'
const applies = 'flotilla-apply'
type RoleName = typeof installs | typeof applies

/** Whether the accounts of a service may write all that they have to, and nothing that gives them more. */
export function roles({ clusters }: Fleet, rendered: readonly Rendered[]): Finding[] {
  return clusters.flatMap((cluster) => {
    const released = rendered.filter((it) => it.cluster === cluster).flatMap(({ manifests }) => manifests)
    const applied = cluster.applied.filter(isService).flatMap(({ resources }) => resources)
    return [...missing(cluster, installs, released), ...missing(cluster, applies, applied), ...tooMuch(cluster)]
  })
}

interface Object {
  readonly apiVersion: string
  readonly kind: string
}

function missing(cluster: Cluster, role: RoleName, objects: readonly Object[]): Finding[] {
  const may = new Set(writable(cluster, role))
  return [...new Set(objects.map(resourceOf))]
    .filter((resource) => !may.has(resource))
    .map((resource) => ({
      rule: 'Flux may write what it has to',
      where: `${cluster.name}: ClusterRole ${role}`,
      what: `it does not let Flux write ${resource}`,
      mend: 'add it to infrastructure/tenants/roles.yaml, if a service may have it',
    }))
}

/** What leads out of a namespace, or to other rights. */
const never = [
  'roles',
  'rolebindings',
  'clusterroles',
  'clusterrolebindings',
  'namespaces',
  'nodes',
  'persistentvolumes',
  'serviceaccounts/token',
  '*',
]
const neverOf = { [installs]: never, [applies]: [...never, 'pods/exec'] }

const changes = ['create', 'update', 'patch', 'delete', 'deletecollection']
/** Verbs that give other rights, whatever they are for. */
const givesMore = ['bind', 'escalate', 'impersonate', '*']

const tooMuch = (cluster: Cluster): Finding[] =>
  ([installs, applies] as const).flatMap((role) =>
    rightsOf(cluster, role).flatMap(({ resource, verbs }) => {
      const wrong = verbs.filter(
        (verb) => givesMore.includes(verb) || (changes.includes(verb) && leadsOut(role, resource)),
      )
      if (wrong.length === 0) return []
      return [
        {
          rule: 'a service keeps to its namespace',
          where: `${cluster.name}: ClusterRole ${role}`,
          what: `it lets Flux ${wrong.join(', ')} ${resource}`,
          mend: 'take it away: whoever may do that gives itself more',
        } satisfies Finding,
      ]
    }),
  )

/** What leads out takes its subresources along. */
function leadsOut(role: RoleName, resource: string): boolean {
  const [, name = '', ...sub] = resource.split('/')
  return [name, [name, ...sub].join('/')].some((each) => neverOf[role].includes(each))
}

/** What a role lets somebody make, change and delete, as `group/resources`. */
const writable = (cluster: Cluster, role: RoleName): string[] =>
  rightsOf(cluster, role)
    .filter(({ verbs }) => verbs.includes('*') || ['create', 'patch', 'delete'].every((verb) => verbs.includes(verb)))
    .map(({ resource }) => resource)

interface Right {
  /** As `group/resources`. */
  readonly resource: string
  readonly verbs: readonly string[]
}

function rightsOf(cluster: Cluster, role: RoleName): Right[] {
  const found = everythingIn(cluster).find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === role)
  if (found === undefined) return []
  return Role.parse(found).rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.map((resource) => ({ resource: `${group}/${resource}`, verbs }))),
  )
}

/** As the API names a kind in a path. */
const resourceOf = (object: Object): string =>
  `${groupOf(object)}/${object.kind.toLowerCase().replace(/y$/, 'ie').replace(/s$/, 'se')}s`
