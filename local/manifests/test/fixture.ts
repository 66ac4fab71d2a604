import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Manifest } from '@flotilla/charts/helm'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { z } from 'zod'
import { check, type Means } from '../src/check.ts'
import type { Build } from '../src/fleet.ts'
import { noRelease } from '../src/promotion.ts'
import type { Renderer } from '../src/rendering.ts'

/** A small repository that keeps every rule: one service on two clusters, its chart from Git and from a registry. */
const files: Readonly<Record<string, string>> = {
  'deploy/helm/order/Chart.yaml': 'name: order\nversion: 1.0.0\n',
  'deploy/helm/order/values.yaml': 'replicas: 1\n',
  'deploy/flux/tenant/kustomization.yaml': 'resources: [all.yaml]\n',
  'deploy/flux/tenant/all.yaml': `apiVersion: v1
kind: Namespace
metadata:
  name: order
  labels: { pod-security.kubernetes.io/enforce: restricted }
  annotations: { kustomize.toolkit.fluxcd.io/prune: disabled }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny-all, namespace: order }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: flux, namespace: order }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: order, namespace: flux-system }
---
${role('flotilla-release', '', '[configmaps, serviceaccounts]')}
---
${role('flotilla-apply', 'helm.toolkit.fluxcd.io, source.toolkit.fluxcd.io', '[helmreleases, ocirepositories, gitrepositories]')}`,
  ...cluster('local'),
  ...cluster('production'),
  'deploy/flux/clusters/staging/kustomization.yaml': 'resources: []\n',
  'deploy/flux/clusters/local/bootstrap.yaml': `apiVersion: v1
kind: ConfigMap
metadata: { name: runtime-info, namespace: flux-system }
data: { git_url: "\${git_url}" }
`,
  'deploy/flux/clusters/production/runtime-info.example.env':
    '# facts\nregistry=flotilla.azurecr.io\ngithub_repository=flotilla-example/flotilla\n',
  'deploy/flux/apps/local/order/kustomization.yaml': 'resources: [release.yaml]\n',
  'deploy/flux/apps/local/order/release.yaml': `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: { name: flotilla, namespace: order }
spec: { url: "\${git_url}" }
---
${release('chart: { spec: { chart: ./deploy/helm/order, sourceRef: { kind: GitRepository, name: flotilla }, valuesFiles: [deploy/helm/order/values.yaml] } }')}`,
  'deploy/flux/apps/production/order/kustomization.yaml': 'resources: [chart.yaml, release.yaml]\n',
  'deploy/flux/apps/production/order/chart.yaml': noRelease,
  // In place of a component and of values.yaml.
  'deploy/flux/apps/production/order/release.yaml': `apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: { name: order-1.0.0 }
spec:
  verify:
    provider: cosign
    matchOIDCIdentity:
      - issuer: ^https://token\\.actions\\.githubusercontent\\.com$
        subject: ^https://github\\.com/\${github_repository}/\\.github/workflows/release\\.yaml@refs/heads/main$
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: order, annotations: { kustomize.toolkit.fluxcd.io/prune: disabled } }
---
${release(`values: { image: { repository: "\${registry}/flotilla/order" }, autoscaling: { minReplicas: 3 } }`)}`,
}

function role(name: string, groups: string, resources: string): string {
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: ${name} }
rules: [{ apiGroups: [${groups || '""'}], resources: ${resources}, verbs: [get, create, patch, delete] }]
`
}

function cluster(name: 'local' | 'production'): Record<string, string> {
  return {
    [`deploy/flux/clusters/${name}/kustomization.yaml`]: 'resources: [all.yaml]\n',
    [`deploy/flux/clusters/${name}/all.yaml`]: `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: tenants, namespace: flux-system }
spec: { path: ./deploy/flux/tenant, serviceAccountName: kustomize-controller, sourceRef: { kind: GitRepository, name: flux-system } }
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: order, namespace: flux-system }
spec:
  path: ./deploy/flux/apps/${name}/order
  serviceAccountName: order
  timeout: 15m
  dependsOn: [{ name: tenants }]
  sourceRef: { kind: GitRepository, name: flux-system }
  postBuild: { substituteFrom: [{ kind: ConfigMap, name: runtime-info }] }
`,
  }
}

function release(spec: string): string {
  return `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: order, namespace: order }
spec:
  ${spec}
  serviceAccountName: flux
  timeout: 10m
  driftDetection: { mode: enabled }
  install:
    strategy: { name: RemediateOnFailure }
    remediation: { retries: -1 }
  upgrade:
    strategy: { name: RemediateOnFailure }
    remediation: { remediateLastFailure: true, strategy: rollback }
`
}

/** An edit of one file: a text that it holds, and what is put in its place. */
export interface Edit {
  readonly file: string
  readonly from: string | RegExp
  readonly to: string
}

/** Writes the repository with these edits, does something with it, and removes it. */
export async function withRepository<Result>(
  edits: readonly Edit[],
  act: (repository: string) => Result,
): Promise<Awaited<Result>> {
  const repository = mkdtempSync(join(tmpdir(), 'flotilla-manifests-'))
  try {
    const texts = new Map(Object.entries(files))
    for (const { file, from, to } of edits) {
      const text = texts.get(file) ?? ''
      const edited = from === '' ? text + to : text.replace(from, to)
      if (edited === text) throw new Error(`${file} does not hold ${from}`)
      texts.set(file, edited)
    }
    for (const [file, text] of texts) {
      mkdirSync(dirname(join(repository, file)), { recursive: true })
      writeFileSync(join(repository, file), text)
    }
    return await act(repository)
  } finally {
    rmSync(repository, { recursive: true })
  }
}

const Plain = z.object({ resources: z.array(z.string()) })
const Mapping = z.record(z.string(), z.unknown())

/** What kustomize makes of folders that list files, where objects of one name are patches of the first. Those of apps/ get a namespace. */
const build: Build = async (folder) => {
  const { resources } = Plain.parse(parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')))
  const namespace = /apps\/\w+\/(\w+)$/.exec(folder)?.[1]
  const objects = new Map<string, unknown>()
  for (const file of resources) {
    for (const document of parseAllDocuments(readFileSync(join(folder, file), 'utf8'))) {
      const object = document.toJS() as Manifest | null
      if (object === null) continue
      const name = `${object.kind} ${object.metadata.namespace ?? namespace} ${object.metadata.name}`
      objects.set(name, merged(objects.get(name), namespace ? merged({ metadata: { namespace } }, object) : object))
    }
  }
  return [...objects.values()].map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n')
}

function merged(below: unknown, above: unknown): unknown {
  const [one, other] = [Mapping.safeParse(below), Mapping.safeParse(above)]
  if (!one.success || !other.success) return above
  const keys = new Set([...Object.keys(one.data), ...Object.keys(other.data)])
  return Object.fromEntries(
    [...keys].map((key) => [key, key in other.data ? merged(one.data[key], other.data[key]) : one.data[key]]),
  )
}

/** A chart that renders these objects whatever its values, and the values that it was last given. */
export class FakeHelm implements Renderer {
  readonly #answer: Answer
  readonly given: { readonly chart: string; readonly values: unknown[] }[] = []

  constructor(answer: Answer = { out: configMap }) {
    this.#answer = answer
  }

  async build() {}

  async template({ folder }: { folder: string }, args: readonly string[]) {
    const files = args.filter((arg) => arg !== '--values')
    this.given.push({
      chart: readFileSync(join(folder, 'Chart.yaml'), 'utf8'),
      values: files.map((file) => parse(readFileSync(file, 'utf8')) as unknown),
    })
    const { out = '', err = '' } = this.#answer
    return { code: err === '' ? 0 : 1, out, err }
  }
}

interface Answer {
  readonly out?: string
  readonly err?: string
}

const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: order }\n'

/** What a check does here when nothing else is said. */
export const means = (some: Partial<Means> = {}): Means => ({
  build,
  helm: new FakeHelm(),
  chartsOf: async () => false,
  judge: async () => [],
  ...some,
})

/** The findings of the repository with these edits, as `rule | where | what`. */
export const findingsWith = (...edits: readonly Edit[]): Promise<string[]> => findingsBy(means(), ...edits)

export const findingsBy = (by: Means, ...edits: readonly Edit[]): Promise<string[]> =>
  withRepository(edits, async (repository) =>
    (await check(repository, by)).findings.map(({ rule, where, what }) => `${rule} | ${where} | ${what}`),
  )
