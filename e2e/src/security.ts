import { ProgramFailed } from './child.ts'
import { namespaces, services } from './fleet.ts'
import type { Kubectl } from './kubectl.ts'
import { loosenessOf, podsOf } from './pods.ts'
import type { Assertion } from './report.ts'

interface Namespace {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
}

const enforce = 'pod-security.kubernetes.io/enforce'
const writeToRoot = `
  import { writeFileSync } from 'node:fs'
  try { writeFileSync('/app/written', ''); console.log('written') } catch ({ code }) { console.log(code) }`

/** What the API says of each pod, what the API server refuses, and what a process in a pod cannot do. */
export async function checkSecurity(kubectl: Kubectl): Promise<Assertion[]> {
  const known = await kubectl.list<Namespace>('namespaces', [])
  const labels = new Map(known.map(({ metadata }) => [metadata.name, metadata.labels?.[enforce]]))
  const pods = (await Promise.all(namespaces.map((namespace) => podsOf(kubectl, namespace)))).flat()
  const roots = await Promise.all(services.map((service) => rootOf(kubectl, service)))
  const refused = await Promise.all(namespaces.map((namespace) => isPrivilegedRefused(kubectl, namespace)))
  const restricted = [...namespaces.filter((name) => labels.get(name) !== 'restricted')]
  return [
    holds('every namespace enforces the restricted standard', restricted),
    holds(
      'a privileged pod is refused in every namespace',
      [...namespaces].filter((_, index) => !refused[index]),
    ),
    holds(`all ${pods.length} pods are restricted and have a root that is only read`, pods.flatMap(loosenessOf)),
    holds(
      'no service can write to its root',
      roots.filter((root) => root !== undefined),
    ),
  ]
}

const holds = (what: string, problems: readonly string[]): Assertion => ({
  what,
  broken: problems.length === 0 ? undefined : problems.join('; '),
})

async function rootOf(kubectl: Kubectl, service: string): Promise<string | undefined> {
  const said = (await kubectl.evaluate(service, `deployment/${service}`, writeToRoot)).toString().trim()
  return said === 'EROFS' ? undefined : `${service}: ${said}`
}

async function isPrivilegedRefused(kubectl: Kubectl, namespace: string): Promise<boolean> {
  try {
    const pod = ['run', 'privileged', '--namespace', namespace, '--image=none', '--privileged', '--dry-run=server']
    await kubectl.run(pod)
    return false
  } catch (error) {
    if (error instanceof ProgramFailed && error.stderr.includes('violates PodSecurity')) return true
    throw error
  }
}
