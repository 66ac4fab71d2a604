import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Service, services, standIns } from './fleet.ts'
import type { Repository } from './repository.ts'

/** How `deploy/` says what a cluster without Azure runs: deploy/flux/clusters/local/README.md. */

const chartOf = (release: string) => `deploy/helm/${release}/Chart.yaml`
const valuesOf = (release: string) => `deploy/helm/${release}/ci/local-values.yaml`

/** Every release that Flux makes, by name, which is its namespace, too. */
export const releases = [...services, standIns] as const
export type Release = (typeof releases)[number]

/** What a commit says about a release. */
export interface Change {
  /** Of the chart; another one is what rolls the release. */
  readonly version: string
  /** Values of the local environment, by path. */
  readonly values: readonly (readonly [path: readonly string[], value: unknown])[]
}

/** Changes a release in the working copy. */
export async function change(repository: Repository, release: Release, { version, values }: Change): Promise<void> {
  await repository.edit(chartOf(release), (chart) => chart.setIn(['version'], version))
  await repository.edit(valuesOf(release), (local) => {
    for (const [path, value] of values) local.setIn(path, value)
  })
}

/** The version of a release's chart as it is in the working copy. */
export async function versionOf(repository: Repository, release: Release): Promise<string> {
  const text = await readFile(join(repository.folder, chartOf(release)), 'utf8')
  const version = /^version: *"?(\S+?)"?$/m.exec(text)?.[1]
  if (version === undefined) throw new Error(`${chartOf(release)} has no version`)
  return version
}

/** A version that no commit had before: the minor after this one, and the number of the push. */
export function nextVersion(version: string, push: number): string {
  const [major, minor, patch] = version.split('.')
  if (patch === undefined || !/^\d+$/.test(minor ?? '')) throw new Error(`${version} is no version of a release`)
  return `${major}.${Number(minor) + 1}.${push}`
}

export const imageTag = (tag: string): Change['values'] => [[['image', 'tag'], tag]]

/** The tag of a release that was rolled back: the database may have migrations of the later one. */
export const imageTagBefore = (service: Service, tag: string): Change['values'] => [
  ...imageTag(tag),
  ...(service === 'notification' ? [] : ([[['migration', 'afterRollback'], true]] as const)),
]

/** A Secret that nobody made: the schema takes it, the migration does without, and no replica ever gets ready. */
export const neverReady: Change['values'] = [[['secrets', 'secretName'], 'no-such-secret']]

/** The first step of deploy/flux/clusters/local/README.md. */
export const bootstrapFile = 'deploy/flux/clusters/local/bootstrap.yaml'

/** Fills in `${name}`s. Throws when the text has one that is not known. */
export function filledIn(text: string, facts: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const fact = facts[name]
    if (fact === undefined) throw new Error(`${bootstrapFile} asks for \${${name}}, which nobody knows here`)
    return fact
  })
}

/** Secrets of each service, which in Azure come from Key Vault. */
export const secretsOf = (
  service: (typeof services)[number],
  enduserKey: string,
): Readonly<Record<string, string>> => ({
  'enduser-key': enduserKey,
  ...(service === 'payment' && { 'card-processor-key': 'sk_test_local' }),
})

/** A pod with these labels may ask the order service, as the pods of its `helm test` may. */
export const directLabels = {
  'app.kubernetes.io/name': 'order',
  'app.kubernetes.io/instance': 'order',
  'app.kubernetes.io/component': 'test',
} as const

/** Ports of the stand-ins' services that programs speak to. */
export const ports = { 'service-bus': 5672, mailbox: 2525, 'card-processor': 8080 } as const
