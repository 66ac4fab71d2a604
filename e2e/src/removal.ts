import { ProgramFailed } from './child.ts'
import { namespaces, services, standIns } from './fleet.ts'
import { home } from './pods.ts'
import type { Cluster } from './session.ts'

/** Seconds, for each step. */
const within = 300

const inFlux = ['--namespace', 'flux-system']
const kustomization = (name: string) => `kustomization.kustomize.toolkit.fluxcd.io/${name}`
const kustomizations = [...services, standIns, 'tenants', 'flux-system'].map(kustomization)
const alerting = ['alert.notification.toolkit.fluxcd.io/not-applied', 'provider.notification.toolkit.fluxcd.io/alerts']
const source = 'gitrepository.source.toolkit.fluxcd.io/flux-system'
const platform = 'clusterrolebinding.rbac.authorization.k8s.io/flotilla-platform'

const volumes = ['order', 'inventory', 'payment', standIns].map((name) => `persistentvolume/flotilla-${name}`)

/** What a run makes beside its namespaces and what Flux reconciles, as kubectl names it. */
export const traces: readonly string[] = ['configmap/runtime-info', ...alerting, platform, ...volumes]

const gone = ['--ignore-not-found', `--timeout=${within}s`]

/** How it is taken away: releases first, while Flux may still remove them, and the right to do so last. */
export const removal: readonly (readonly string[])[] = [
  ['patch', ...inFlux, kustomization('flux-system'), '--type=merge', '--patch={"spec":{"suspend":true}}'],
  ...kustomizations.map((name) => ['delete', ...inFlux, name, ...gone]),
  ['delete', ...inFlux, source, ...alerting, 'configmap/runtime-info', ...gone],
  ['delete', platform, ...gone],
  ['delete', 'namespace', ...namespaces, home, ...gone],
  ['delete', ...volumes, ...gone],
]

/** Takes away what was installed. A step that fails is said, and the others are done. What is in folders of the nodes stays. */
export async function remove({ kubectl, session }: Pick<Cluster, 'kubectl' | 'session'>): Promise<void> {
  session.say('removing what was installed (--keep leaves it)')
  for (const step of removal) {
    try {
      await kubectl.run(step, (within + 30) * 1_000)
    } catch (error) {
      if (!(error instanceof ProgramFailed)) throw error
      session.say(`not removed: ${error.message}`)
    }
  }
}
