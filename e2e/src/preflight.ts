import { ProgramFailed, runText } from './child.ts'
import { namespaces } from './fleet.ts'
import type { Kubectl } from './kubectl.ts'
import { home } from './pods.ts'
import { removal, traces } from './removal.ts'

const managing = [
  'gitrepositories.source.toolkit.fluxcd.io',
  'kustomizations.kustomize.toolkit.fluxcd.io',
  'helmreleases.helm.toolkit.fluxcd.io',
]
const kinds = [
  ...managing,
  'helmcharts.source.toolkit.fluxcd.io',
  'alerts.notification.toolkit.fluxcd.io',
  'providers.notification.toolkit.fluxcd.io',
]

/** Refuses what a run could only fail on, or harm, before anything is written. */
export async function preflight(kubectl: Kubectl, repository: string): Promise<void> {
  await refuseNoRepository(repository)
  await refuseNoFlux(kubectl)
  await refuseUsed(kubectl)
}

async function refuseNoRepository(folder: string): Promise<void> {
  const args = ['--git-dir', folder, 'rev-parse', '--is-bare-repository']
  const said = await runText('git', args).catch((error: unknown) => {
    if (error instanceof ProgramFailed) return error.message
    throw error
  })
  if (said.trim() === 'true') return
  throw new Error(`--repository: ${folder} is no bare Git repository; git init --bare ${folder} makes one`)
}

const namesOf = (said: string) => said.split('\n').filter(Boolean)

async function refuseNoFlux(kubectl: Kubectl): Promise<void> {
  const known = namesOf(await kubectl.run(['get', 'crd', ...kinds, '--ignore-not-found', '--output', 'name']))
  const missing = kinds.filter((kind) => !known.some((name) => name.endsWith(`/${kind}`)))
  if (missing.length === 0) return
  throw new Error(
    `the cluster does not know ${missing.join(', ')}: install Flux 2.9 with source-, kustomize-, helm- and notification-controller`,
  )
}

/** What a run before left would be taken for its own; what Flux manages already would be taken over, waited for, or deleted. */
async function refuseUsed(kubectl: Kubectl): Promise<void> {
  const list = async (kind: string, ...args: string[]) =>
    namesOf(await kubectl.run(['get', kind, ...args, '--output', 'name']))
  const there = [
    ...(await list('namespaces')),
    ...(await list('clusterrolebindings')),
    ...(await list('persistentvolumes')),
    ...(await list('configmaps,alerts.notification.toolkit.fluxcd.io', '--namespace', 'flux-system')),
  ]
  const managed = await list(managing.join(), '--all-namespaces')
  const ours = new Set([...traces, ...[...namespaces, home].map((name) => `namespace/${name}`)])
  const used = [...there.filter((name) => ours.has(name)), ...managed]
  if (used.length === 0) return
  const commands = removal.map((args) => `  kubectl ${args.map(quoted).join(' ')}`).join('\n')
  throw new Error(
    `the cluster is in use: ${used.join(', ')}. Where Flux manages something already (flux bootstrap), take another cluster. ` +
      `What a run before left is taken away by\n${commands}`,
  )
}

const quoted = (word: string) => (/^[\w./=:@,-]+$/.test(word) ? word : `'${word}'`)
