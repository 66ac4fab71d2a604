import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { check } from '../src/check.ts'
import type { Build } from '../src/fleet.ts'

/** A small repository that keeps every rule: one service on two clusters, its chart from Git and from a registry. */
const files: Readonly<Record<string, string>> = {
  'deploy/helm/order/Chart.yaml': 'name: order\nversion: 1.0.0\n',
  'deploy/helm/order/values.yaml': readFileSync(
    join(import.meta.dirname, '../../../deploy/helm/order/values.yaml'),
    'utf8',
  ),
  'deploy/flux/tenant/kustomization.yaml': 'resources: [all.yaml]\n',
  'deploy/flux/tenant/all.yaml': `apiVersion: v1
kind: Namespace
metadata: { name: order, labels: { pod-security.kubernetes.io/enforce: restricted } }
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
`,
  ...cluster('local'),
  ...cluster('production'),
  'deploy/flux/clusters/staging/kustomization.yaml': 'resources: []\n',
  'deploy/flux/clusters/local/bootstrap.yaml': `apiVersion: v1
kind: ConfigMap
metadata: { name: runtime-info, namespace: flux-system }
data: { git_url: "\${git_url}" }
`,
  'deploy/flux/clusters/production/runtime-info.example.env': '# facts\nregistry=flotilla.azurecr.io\n',
  'deploy/flux/apps/local/order/kustomization.yaml': 'resources: [release.yaml]\n',
  'deploy/flux/apps/local/order/release.yaml': `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: { name: flotilla, namespace: order }
spec: { url: "\${git_url}" }
---
${release('chart: { spec: { chart: ./deploy/helm/order, sourceRef: { kind: GitRepository, name: flotilla }, valuesFiles: [deploy/helm/order/values.yaml] } }')}`,
  'deploy/flux/apps/production/order/kustomization.yaml': 'resources: [chart.yaml, release.yaml]\n',
  'deploy/flux/apps/production/order/chart.yaml': `apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: { name: order-1.0.0, namespace: order }
spec: { url: "oci://\${registry}/charts/order", ref: { tag: 1.0.0 } }
`,
  'deploy/flux/apps/production/order/release.yaml': release(
    `chartRef: { kind: OCIRepository, name: order-1.0.0 }\n  values: { image: { repository: "\${registry}/flotilla/order" } }`,
  ),
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

/** What kustomize makes of folders that only list files. */
const concatenate: Build = async (folder) => {
  const { resources } = Plain.parse(parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')))
  return resources.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n---\n')
}

/** The findings of the repository with these edits, as `rule | where | what`. */
export const findingsWith = (...edits: readonly Edit[]): Promise<string[]> =>
  withRepository(edits, async (repository) =>
    (await check(repository, concatenate)).map(({ rule, where, what }) => `${rule} | ${where} | ${what}`),
  )
