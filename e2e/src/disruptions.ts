import { type Service, services, standIns } from './fleet.ts'
import { untilNone } from './flux.ts'
import type { Kubectl } from './kubectl.ts'
import { podsOf, selectorOf } from './pods.ts'
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

/** Waits until every deployment of a namespace has all its replicas, and none of them is old. */
export async function allAvailable(kubectl: Kubectl, namespace: string): Promise<void> {
  const deployments = await kubectl.list<{ metadata: { name: string } }>('deployments', ['--namespace', namespace])
  for (const { metadata } of deployments) {
    const args = [
      'rollout',
      'status',
      '--namespace',
      namespace,
      `deployment/${metadata.name}`,
      `--timeout=${complete}s`,
    ]
    await kubectl.run(args, (complete + 30) * 1_000)
  }
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
  await kubectl.run(['delete', 'pod', '--namespace', service, pod.metadata.name, '--timeout=120s'], 150_000)
  await allAvailable(kubectl, service)
}

/** Empties a node as for its upgrade, and lets it take pods again. */
export async function drainNode({ kubectl, session }: Cluster, node: string): Promise<void> {
  try {
    await session.phase(`node ${node} drained`, async () => {
      await session.rollout(`node ${node} is drained and all is ready elsewhere`, async () => {
        const args = ['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=300s']
        await kubectl.run(args, 330_000)
        for (const namespace of [...services, standIns]) await allAvailable(kubectl, namespace)
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
