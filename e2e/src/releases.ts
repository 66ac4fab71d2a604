import { failuresOf, isUpgradeOf } from './alerts.ts'
import type { Service } from './fleet.ts'
import { type Reconciled, type Revision, readyOf, untilNone } from './flux.ts'
import type { Kubectl } from './kubectl.ts'
import { type Change, change, neverReady, nextVersion, type Release, releases, versionOf } from './layout.ts'
import { type Pod, podsOf, selectorOf } from './pods.ts'
import type { Cluster } from './session.ts'

const complete = 600
const rolledBackWithin = 900
const alertedWithin = 60

const newest = ({ status }: Reconciled): Revision | undefined => status?.history?.[0]

/** Helm's revision of each release. */
export async function revisions({ flux }: Cluster): Promise<ReadonlyMap<Release, number>> {
  const each = releases.map(async (name) => [name, newest(await flux.release(name))?.version ?? 0] as const)
  return new Map(await Promise.all(each))
}

type Values = (service: Service) => Change['values']

/** Commits a change of some services, each with a new version of its chart. */
async function commit(cluster: Cluster, of: readonly Service[], values: Values, message: string) {
  const { repository, flux } = cluster
  for (const service of of) {
    const version = nextVersion(await versionOf(repository, service), repository.pushes)
    await change(repository, service, { version, values: values(service) })
  }
  const id = await repository.push(message)
  await flux.fetch(id)
  return id
}

/** Waits until everything runs as the working copy says, which is at this commit. */
export async function asCommitted({ repository, flux }: Cluster, commit: string): Promise<void> {
  const versions = releases.map(async (release) => [release, await versionOf(repository, release)] as const)
  await flux.applied(commit, Object.fromEntries(await Promise.all(versions)), complete)
}

/** What one commit releases. */
export interface Step {
  readonly what: string
  readonly of: readonly Service[]
  readonly tag: string
  readonly values: Values
}

/** Commits a step and waits until Flux has rolled it: one upgrade of these services and none of the others, and no pod stays. */
export async function release(cluster: Cluster, { what, of, tag, values }: Step): Promise<void> {
  const { kubectl, session } = cluster
  await session.phase(what, async () => {
    const before = await revisions(cluster)
    const old = await uidsOf(kubectl, of)
    await session.rollout(what, async () => {
      await asCommitted(cluster, await commit(cluster, of, values, `feat: ${what}`))
    })
    const upgrades = (release: Release) => (of.some((service) => service === release) ? 1 : 0)
    session.holds(`one commit is one rollout: ${what}`, unexpected(before, await revisions(cluster), upgrades))
    session.holds(
      `${of.join(', ')} run with ${tag}, in new pods`,
      (await Promise.all(of.map((it) => others(kubectl, it, { tag, old })))).flat(),
    )
  })
}

async function uidsOf(kubectl: Kubectl, of: readonly Service[]): Promise<ReadonlySet<string>> {
  const pods = await Promise.all(of.map((service) => podsOf(kubectl, service, selectorOf(service))))
  return new Set(pods.flat().map(({ metadata }) => metadata.uid))
}

/** The pods of a service that have another tag, or were there before the commit. */
async function others(kubectl: Kubectl, service: Service, now: { tag: string; old: ReadonlySet<string> }) {
  const pods = await podsOf(kubectl, service, selectorOf(service))
  return pods.length === 0 ? [`${service} has no pods`] : notRolled(pods, now)
}

/** A line for each pod that has another tag, or was there before the commit. */
export function notRolled(
  pods: readonly Pod[],
  { tag, old }: { readonly tag: string; readonly old: ReadonlySet<string> },
): string[] {
  return pods.flatMap(({ metadata: { namespace, name, uid }, spec }) => [
    ...(old.has(uid) ? [`${namespace}/${name} was there before the commit`] : []),
    ...spec.containers
      .filter(({ image }) => !image.endsWith(`:${tag}`))
      .map(({ image }) => `${namespace}/${name} runs ${image}`),
  ])
}

/** A line for each release that was not upgraded so often as it should be. */
export function unexpected(
  before: ReadonlyMap<Release, number>,
  after: ReadonlyMap<Release, number>,
  expected: (release: Release) => number,
): string[] {
  return releases.flatMap((release) => {
    const made = (after.get(release) ?? 0) - (before.get(release) ?? 0)
    return made === expected(release) ? [] : [`${release} had ${made} upgrades, not ${expected(release)}`]
  })
}

/**
 * Commits a release that never gets ready; Flux must take it back by itself, and say so. Then takes the commit back. Gives the version
 * that failed.
 */
export async function breakAndMend(cluster: Cluster, service: Service): Promise<string> {
  const { repository, flux, session, alerts } = cluster
  let broken = ''
  await session.phase(`${service} released broken, and rolled back by Flux`, async () => {
    const good = newest(await flux.release(service))
    const from = alerts.length
    await session.rollout(`${service} is back from a release that never got ready`, async () => {
      await commit(cluster, [service], () => neverReady, `feat: a release of ${service} that never gets ready`)
      broken = await versionOf(repository, service)
      await untilNone(`${service} rolled back`, rolledBackWithin, async () => {
        const now = await flux.release(service)
        const { reason, message } = readyOf(now) ?? {}
        return isBack(good, newest(now)) ? [] : [`${reason}: ${message}`]
      })
    })
    await untilNone('the failed release alerted', alertedWithin, async () =>
      failuresOf(alerts.slice(from)).some(isUpgradeOf(service, broken))
        ? []
        : [`heard: ${alerts.slice(from).join(' ') || 'nothing'}`],
    )
    session.holds(`a release of ${service} that never gets ready is rolled back, and alerted`, [])
  })
  await session.phase(`the broken release of ${service} taken back in Git`, async () => {
    await session.rollout(`${service} is ready after the commit that mends it`, async () => {
      const id = await repository.revert(`fix: the release of ${service} that never got ready is taken back`)
      await flux.fetch(id)
      await asCommitted(cluster, id)
    })
  })
  return broken
}

/** A later revision has the chart and the values of the good one. */
export function isBack(good: Revision | undefined, now: Revision | undefined): boolean {
  if (!good || !now) return false
  const isSame = now.chartVersion === good.chartVersion && now.configDigest === good.configDigest
  return isSame && now.status === 'deployed' && now.version > good.version
}
