import { type Service, services, standIns } from './fleet.ts'
import { untilNone } from './flux.ts'
import type { Kubectl } from './kubectl.ts'
import { type Pod, podsOf, selectorOf } from './pods.ts'
import type { Cluster } from './session.ts'

interface Node {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly unschedulable?: boolean; readonly taints?: readonly { readonly effect: string }[] }
}

/** Nodes that take pods, by name. */
export async function workers(kubectl: Kubectl): Promise<readonly string[]> {
  const nodes = await kubectl.list<Node>('nodes', [])
  const takes = ({ spec }: Node) =>
    spec.unschedulable !== true && !spec.taints?.some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute')
  return nodes
    .filter(takes)
    .map(({ metadata }) => metadata.name)
    .toSorted()
}

const complete = 300

/** A Deployment or a StatefulSet. */
export interface Workload {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: {
    readonly replicas: number
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
  }
}

/** A line for each workload that has too few pods that are ready. Pods are counted: the status of a workload lags behind them. */
export function incomplete(workloads: readonly Workload[], pods: readonly Pod[]): string[] {
  return workloads.flatMap(({ kind, metadata: { namespace, name }, spec: { replicas, selector } }) => {
    const isOurs = ({ metadata }: Pod) =>
      metadata.namespace === namespace &&
      Object.entries(selector.matchLabels).every(([label, value]) => metadata.labels?.[label] === value)
    const isReady = ({ status }: Pod) =>
      status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
    const ready = pods.filter((pod) => isOurs(pod) && isReady(pod)).length
    return ready >= replicas ? [] : [`${kind} ${namespace}/${name} has ${ready} of ${replicas} pods ready`]
  })
}

/** Waits until every workload of a namespace has all its replicas. */
export async function allAvailable(kubectl: Kubectl, namespace: string): Promise<void> {
  await untilNone(`all of ${namespace} ready`, complete, async () => {
    const [workloads, pods] = await Promise.all([
      kubectl.list<Workload>('deployments,statefulsets', ['--namespace', namespace]),
      podsOf(kubectl, namespace),
    ])
    return incomplete(workloads, pods)
  })
}

/** Deletes one pod of each service after the other, as a node that fails would, but with notice. */
export async function deletePods({ kubectl, session }: Cluster): Promise<void> {
  for (const service of services) {
    await session.phase(`a pod of ${service} deleted`, async () => {
      await session.rollout(`a pod of ${service} is deleted and another is ready`, () => replaceOne(kubectl, service))
    })
  }
}

async function replaceOne(kubectl: Kubectl, service: Service): Promise<void> {
  const [pod] = await podsOf(kubectl, service, selectorOf(service))
  if (!pod) throw new Error(`${service} has no pod to delete`)
  await kubectl.run(
    ['delete', 'pod', '--namespace', service, pod.metadata.name, '--ignore-not-found', '--timeout=120s'],
    150_000,
  )
  await allAvailable(kubectl, service)
}

/** Empties a node as for its upgrade, and lets it take pods again. */
export async function drainNode({ kubectl, session }: Cluster, node: string): Promise<void> {
  try {
    await session.phase(`node ${node} drained`, async () => {
      await session.rollout(`node ${node} is drained and all is ready elsewhere`, async () => {
        const args = ['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=300s']
        await kubectl.run(args, 330_000)
        // Flux may have stood there, too, and what comes next needs it.
        for (const namespace of [...services, standIns, 'flux-system']) await allAvailable(kubectl, namespace)
      })
    })
    await untilNone(`node ${node} without pods of the fleet`, 60, async () => {
      const pods = (await Promise.all([...services, standIns].map((namespace) => podsOf(kubectl, namespace)))).flat()
      return pods.filter(({ spec }) => spec.nodeName === node).map(({ metadata }) => metadata.name)
    })
  } finally {
    await kubectl.run(['uncordon', node])
  }
}
