import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Finding } from '../finding.ts'
import { type Cluster, everythingIn, type Fleet } from '../fleet.ts'
import { idOf, type Reference, type Resource } from '../resource.ts'

/** What is there although no manifest makes it: Flux Operator and the first steps of docs/deploy.md do. */
const given = new Set([
  'GitRepository flux-system/flux-system',
  'ConfigMap flux-system/runtime-info',
  'Secret flux-system/github-app',
])

/** Whether every path and every name leads somewhere. */
export const references = (fleet: Fleet): Finding[] => [
  ...fleet.clusters.flatMap((cluster) => [
    ...paths(cluster, fleet.repository),
    ...order(cluster),
    ...names(cluster),
    ...charts(cluster, fleet.repository),
  ]),
  ...unused(fleet),
]

function paths({ name, applied }: Cluster, repository: string): Finding[] {
  return applied
    .filter(({ folder }) => !existsSync(join(repository, folder, 'kustomization.yaml')))
    .map(({ by, folder }) => missing(name, by, `its path ${folder} holds no kustomization.yaml`, 'mend spec.path'))
}

/** Every dependency is there, and none leads back. */
function order({ name, applied }: Cluster): Finding[] {
  const after = new Map(applied.map(({ by }) => [by.metadata.name, namesOf(by.spec?.dependsOn)]))
  const unknown = applied.flatMap(({ by }) =>
    namesOf(by.spec?.dependsOn)
      .filter((dependency) => !after.has(dependency))
      .map((dependency) => missing(name, by, `it depends on ${dependency}, which is not there`, 'mend spec.dependsOn')),
  )
  const circles = applied
    .filter(({ by }) => reaches(after, by.metadata.name))
    .map(
      ({ by }): Finding => ({
        rule: 'the order has no circle',
        where: `${name}: ${idOf(by)}`,
        what: 'it waits for itself',
        mend: 'take one of spec.dependsOn away',
      }),
    )
  return [...unknown, ...circles]
}

const namesOf = (references: readonly Reference[] | undefined): string[] => (references ?? []).map(({ name }) => name)

function reaches(after: ReadonlyMap<string, readonly string[]>, from: string): boolean {
  const seen = new Set<string>()
  const open = [...(after.get(from) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === from) return true
    if (seen.has(next)) continue
    seen.add(next)
    open.push(...(after.get(next) ?? []))
  }
  return false
}

/** Sources, providers, accounts and ConfigMaps that specs name, in their own namespace. */
function names(cluster: Cluster): Finding[] {
  const all = everythingIn(cluster)
  const there = new Set([...given, ...all.map(idOf)])
  return all
    .filter(({ apiVersion }) => apiVersion.includes('.toolkit.fluxcd.io/'))
    .flatMap((resource) =>
      named(resource)
        .filter((reference) => !there.has(`${reference.kind} ${resource.metadata.namespace}/${reference.name}`))
        .map((reference) =>
          missing(
            cluster.name,
            resource,
            `it names ${reference.kind} ${reference.name}, which is not in namespace ${resource.metadata.namespace}`,
            'mend the name, or add the object',
          ),
        ),
    )
}

function named({ spec, kind }: Resource): Reference[] {
  const { sourceRef, chartRef, providerRef, secretRef, chart, valuesFrom, postBuild } = spec ?? {}
  const references = [
    sourceRef,
    chartRef,
    chart?.spec.sourceRef,
    ...(valuesFrom ?? []),
    ...(postBuild?.substituteFrom ?? []),
  ]
  if (providerRef) references.push({ ...providerRef, kind: 'Provider' })
  if (secretRef) references.push({ ...secretRef, kind: 'Secret' })
  if (kind === 'Alert')
    references.push(...(spec?.eventSources ?? []).filter(({ name, kind }) => name !== '*' && kind === 'Kustomization'))
  return references.filter((reference) => reference !== undefined)
}

/** Of a chart from Git: its folder and its values files. */
function charts(cluster: Cluster, repository: string): Finding[] {
  return everythingIn(cluster).flatMap((resource) => {
    const chart = resource.spec?.chart?.spec
    if (chart?.sourceRef.kind !== 'GitRepository') return []
    return [join(chart.chart, 'Chart.yaml'), ...(chart.valuesFiles ?? [])]
      .map(normalize)
      .filter((file) => !existsSync(join(repository, file)))
      .map((file) => missing(cluster.name, resource, `there is no ${file}`, 'mend spec.chart'))
  })
}

const missing = (cluster: string, resource: Resource, what: string, mend: string): Finding => ({
  rule: 'what is named is there',
  where: `${cluster}: ${idOf(resource)}`,
  what,
  mend,
})

const Kustomization = z.looseObject({
  resources: z.array(z.string()).default([]),
  components: z.array(z.string()).default([]),
  patches: z.array(z.looseObject({ path: z.string().optional() })).default([]),
})

/** Files and folders that no cluster comes to. */
function unused({ repository, files, folders, clusters }: Fleet): Finding[] {
  const used = new Set(globSync('deploy/flux/clusters/*/bootstrap.yaml', { cwd: repository }))
  const open = [
    ...clusters.map(({ name }) => `deploy/flux/clusters/${name}`),
    ...clusters.flatMap(({ applied }) => applied.map(({ folder }) => folder)),
  ].filter((folder) => folders.includes(folder))
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const file = join(folder, 'kustomization.yaml')
    if (used.has(file)) continue
    used.add(file)
    const { resources, components, patches } = Kustomization.parse(parse(readFileSync(join(repository, file), 'utf8')))
    const parts = [...resources, ...components, ...patches.flatMap(({ path }) => path ?? [])]
    for (const part of parts.map((path) => normalize(join(dirname(file), path)))) {
      if (statSync(join(repository, part), { throwIfNoEntry: false })?.isDirectory()) open.push(part)
      else used.add(part)
    }
  }
  return files
    .filter((file) => !used.has(file))
    .map((file) => ({
      rule: 'nothing lies about unused',
      where: file,
      what: 'no cluster comes to it',
      mend: 'name it in a kustomization.yaml, or delete it',
    }))
}
