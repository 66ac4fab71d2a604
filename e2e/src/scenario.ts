import { failuresOf, isUpgradeOf } from './alerts.ts'
import { countOf } from './books.ts'
import { deletePods, drainNode, workers } from './disruptions.ts'
import type { Settings } from './flags.ts'
import { orders, type Service, services, standIns, urls } from './fleet.ts'
import { untilNone } from './flux.ts'
import type { Kubectl } from './kubectl.ts'
import { directLabels, imageTag, imageTagBefore, ports, type Release } from './layout.ts'
import { Load } from './load.ts'
import { home } from './pods.ts'
import { checkPolicies, reaches } from './policies.ts'
import { breakAndMend, release, revisions, unexpected } from './releases.ts'
import { checkSecurity } from './security.ts'
import type { Cluster } from './session.ts'

const ahead: Service = 'order'
const breaks: Service = 'order'

/** Two doors, each with half of the orders: the gateway from a namespace of its own, and the order service as its own tests reach it. */
export async function startLoads({ kubectl }: Cluster, { rate, minutes, tag }: Settings, node: string | undefined) {
  const each = { image: `flotilla/stand-ins:${tag}`, node }
  const perSecond = rate / 2
  const plan = { identity: urls.identity, perSecond, most: Math.ceil(perSecond * minutes * 60), orders }
  return Promise.all([
    Load.start(kubectl, {
      ...each,
      name: 'load',
      namespace: home,
      plan: { ...plan, door: 'the gateway', url: urls.gateway },
    }),
    Load.start(kubectl, {
      ...each,
      name: 'load',
      namespace: 'order',
      labels: directLabels,
      plan: { ...plan, door: 'the order service', url: urls.order },
    }),
  ])
}

/** Everything that must cost no request, one after the other, while orders are placed. */
export async function disrupt(cluster: Cluster, { tag, nextTag }: Settings): Promise<void> {
  const { kubectl, session, alerts } = cluster
  const before = await revisions(cluster)
  const from = alerts.length
  const schemas = await migrations(kubectl)
  const next = { tag: nextTag, values: () => imageTag(nextTag) }
  await placed(cluster, 'nothing done', 300)
  await release(cluster, { ...next, of: [ahead], what: `${ahead} a release ahead of the others` })
  await placed(cluster, `${ahead} ahead, the others a release behind`, 300)
  for (const service of services.filter((service) => service !== ahead)) {
    await release(cluster, { ...next, of: [service], what: `${service} rolled` })
  }
  const expanded = await migrations(kubectl)
  await deletePods(cluster)
  const nodes = await workers(kubectl)
  if (nodes.length > 1) await drainNode(cluster, nodes.at(-1) as string)
  else session.cannot(`drain of a node: only ${nodes.join()} takes pods`)
  const broken = await breakAndMend(cluster, breaks)
  const back = { of: services, tag, values: (service: Service) => imageTagBefore(service, tag) }
  await release(cluster, { ...back, what: 'all services back to the release before' })
  await placed(cluster, 'nothing done, in the end', 300)
  const change = `${schemas.join(', ')} to ${expanded.join(', ')} migrations`
  if (schemas.join() === expanded.join()) session.cannot(`a release with another schema: ${change}`)
  else session.holds(`the release before runs on the schema of the next one: ${change}`, [])
  // Each was rolled and taken back; of the broken one there are two revisions more.
  const expected = (release: Release) => (release === standIns ? 0 : release === breaks ? 4 : 2)
  session.holds('nothing was upgraded but by a commit', unexpected(before, await revisions(cluster), expected))
  const isMeant = isUpgradeOf(breaks, broken)
  const failures = failuresOf(alerts.slice(from)).filter((failure) => !isMeant(failure))
  session.holds(
    'no release failed but the broken one',
    failures.map(({ release, reason, version }) => `${release} ${version}: ${reason}`),
  )
}

/** How many migrations each SQL database has. */
const migrations = (kubectl: Kubectl) =>
  Promise.all(
    services
      .filter((service) => service !== 'notification')
      .map(
        async (service) => `${service} ${await countOf(kubectl, service, 'SELECT COUNT(*) AS many FROM migration')}`,
      ),
  )

/** So many more orders are answered. */
async function placed({ session }: Cluster, name: string, count: number): Promise<void> {
  await session.phase(name, async () => {
    const before = session.attempts.length
    await untilNone(`${count} orders answered`, 300, async () => {
      const more = session.attempts.length - before
      return more >= count ? [] : [`${more} were`]
    })
  })
}

/** What must hold of a fleet that just runs. */
export async function inspect({ kubectl, session }: Cluster): Promise<void> {
  session.assert(await checkSecurity(kubectl))
  session.assert(await checkPolicies(kubectl, reaches(services, ports)))
}
