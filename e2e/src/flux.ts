import { setTimeout as pause } from 'node:timers/promises'
import { ProgramFailed } from './child.ts'
import type { Kubectl } from './kubectl.ts'

interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

/** Of an object that Flux reconciles, what is waited for. */
export interface Reconciled {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string; readonly generation: number }
  readonly spec: { readonly suspend?: boolean }
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: readonly Condition[]
    /** Of a GitRepository. */
    readonly artifact?: { readonly revision: string }
    /** Of a Kustomization. */
    readonly lastAppliedRevision?: string
    readonly lastAttemptedRevision?: string
    /** Of a HelmRelease, the newest first. */
    readonly history?: readonly Revision[]
  }
}

/** One revision of a Helm release. */
export interface Revision {
  readonly version: number
  readonly chartVersion: string
  readonly configDigest: string
  readonly status: string
}

export const readyOf = ({ status }: Reconciled): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === 'Ready')

/** Up to date with its own spec, and ready. */
export const isReady = (object: Reconciled): boolean =>
  object.status?.observedGeneration === object.metadata.generation && readyOf(object)?.status === 'True'

/** A line for each that is not ready, and why. */
export const unready = (objects: readonly Reconciled[]): string[] =>
  objects.filter((object) => !isReady(object)).map((object) => `${located(object)}: ${saying(object)}`)

const located = ({ kind, metadata }: Reconciled) => `${kind} ${metadata.namespace}/${metadata.name}`

function saying(object: Reconciled): string {
  const { reason = 'no status', message = '' } = readyOf(object) ?? {}
  return `${reason} ${message}`.trim()
}

const askEvery = 1_000

function failure(error: unknown): readonly string[] {
  if (error instanceof ProgramFailed) return [error.message]
  throw error
}

/** Asks until the answer is empty; throws with the last one when it is not within so many seconds. A program that fails is no answer. */
export async function untilNone(what: string, within: number, ask: () => Promise<readonly string[]>): Promise<void> {
  const until = Date.now() + within * 1_000
  for (;;) {
    const missing = await ask().catch(failure)
    if (missing.length === 0) return
    if (Date.now() > until) throw new Error(`${what} is not so after ${within} s:\n  ${missing.join('\n  ')}`)
    await pause(askEvery)
  }
}

/** What Flux makes of a repository. */
export class Flux {
  readonly #kubectl: Kubectl
  readonly #branch: string

  constructor(kubectl: Kubectl, branch: string) {
    this.#kubectl = kubectl
    this.#branch = branch
  }

  /** Has every source fetch now, as a webhook would, and waits until it has this commit. @param within seconds. */
  async fetch(commit: string, within = 180): Promise<void> {
    const sources = await this.list('gitrepositories')
    const now = `reconcile.fluxcd.io/requestedAt=${new Date().toISOString()}`
    const objects = sources.map(({ metadata }) => ['--namespace', metadata.namespace, `gitrepository/${metadata.name}`])
    await Promise.all(objects.map((object) => this.#kubectl.run(['annotate', '--overwrite', ...object, now])))
    await untilNone(`commit ${commit.slice(0, 8)} fetched`, within, async () => {
      const revision = `${this.#branch}@sha1:${commit}`
      const others = (await this.list('gitrepositories')).filter(
        ({ status }) => status?.artifact?.revision !== revision,
      )
      return others.map((source) => `${located(source)}: ${saying(source)}`)
    })
  }

  /**
   * Waits until all Kustomizations have applied a commit, and these releases have these versions of their charts. @param within seconds.
   */
  async applied(commit: string, versions: Readonly<Record<string, string>>, within: number): Promise<void> {
    const revision = `${this.#branch}@sha1:${commit}`
    await untilNone(`the fleet at commit ${commit.slice(0, 8)}`, within, async () => {
      const [kustomizations, releases] = await Promise.all([this.list('kustomizations'), this.list('helmreleases')])
      return [
        ...kustomizations
          .filter(({ status }) => status?.lastAppliedRevision !== revision)
          .map((it) => `Kustomization ${it.metadata.name} is at ${it.status?.lastAppliedRevision ?? 'nothing'}`),
        ...otherVersions(releases, versions),
        ...unready([...kustomizations, ...releases]),
      ]
    })
  }

  /** All of a kind in the cluster. */
  list(kind: string): Promise<readonly Reconciled[]> {
    return this.#kubectl.list<Reconciled>(kind, ['--all-namespaces'])
  }

  release(name: string): Promise<Reconciled> {
    return this.#kubectl.json<Reconciled>(['get', 'helmrelease', '--namespace', name, name])
  }
}

/** A line for each release whose newest revision is not deployed from this version of its chart. */
export function otherVersions(
  releases: readonly Reconciled[],
  versions: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(versions).flatMap(([name, version]) => {
    const newest = releases.find(({ metadata }) => metadata.name === name)?.status?.history?.[0]
    // source-controller adds the generation of the HelmChart as build metadata.
    const [chart] = newest?.chartVersion.split('+') ?? []
    if (chart === version && newest?.status === 'deployed') return []
    return [`HelmRelease ${name} has ${newest?.chartVersion ?? 'nothing'} ${newest?.status ?? ''}, not ${version}`]
  })
}
