import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Finding } from './finding.ts'
import { isFlux, type Resource, resourcesIn } from './resource.ts'

const run = promisify(execFile)

export const environments = ['local', 'staging', 'production'] as const
export type Environment = (typeof environments)[number]

/** A Kustomization of Flux and what it applies. */
export interface Applied {
  readonly by: Resource
  /** Below the repository. */
  readonly folder: string
  readonly resources: readonly Resource[]
}

export interface Cluster {
  readonly name: Environment
  /** What `clusters/<name>` says, and the manifests beside it that are applied by hand. */
  readonly root: readonly Resource[]
  readonly applied: readonly Applied[]
  /** The facts that may be asked for: the keys of the ConfigMap runtime-info. */
  readonly facts: Readonly<Record<string, string>>
}

/** `deploy/flux` of a repository. */
export interface Fleet {
  readonly repository: string
  readonly files: readonly string[]
  /** The folders with a kustomization.yaml. */
  readonly folders: readonly string[]
  readonly clusters: readonly Cluster[]
}

/** Gives back the manifests that a folder makes. Throws when it makes none. */
export type Build = (folder: string) => Promise<string>

export const kustomizeBuild =
  (kustomize: string): Build =>
  async (folder) =>
    (await run(kustomize, ['build', folder], { maxBuffer: 64 * 1024 * 1024 })).stdout

/** Reads and builds everything; what cannot be read or built is a finding and missing from the fleet. */
export async function readFleet(repository: string, build: Build): Promise<{ fleet: Fleet; findings: Finding[] }> {
  const findings: Finding[] = []
  const files = globSync('deploy/flux/**/*.{yaml,yml}', { cwd: repository }).toSorted()
  for (const file of files) findings.push(...unreadable(repository, file))
  const builder = new Builder(repository, build, findings)
  const clusters: Cluster[] = []
  for (const name of environments) clusters.push(await readCluster(repository, name, builder))
  const folders = files.filter((file) => file.endsWith('/kustomization.yaml')).map((file) => dirname(file))
  return { fleet: { repository, files, folders, clusters }, findings }
}

/** Builds each folder once. */
class Builder {
  readonly #repository: string
  readonly #build: Build
  readonly #findings: Finding[]
  readonly #made = new Map<string, Promise<readonly Resource[]>>()

  constructor(repository: string, build: Build, findings: Finding[]) {
    this.#repository = repository
    this.#build = build
    this.#findings = findings
  }

  resourcesOf(folder: string): Promise<readonly Resource[]> {
    const made = this.#made.get(folder) ?? this.#make(folder)
    this.#made.set(folder, made)
    return made
  }

  async #make(folder: string): Promise<readonly Resource[]> {
    if (!existsSync(join(this.#repository, folder, 'kustomization.yaml'))) return []
    try {
      return resourcesIn(await this.#build(join(this.#repository, folder)))
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      this.#findings.push({ rule: 'kustomize builds it', where: folder, what, mend: `kustomize build ${folder}` })
      return []
    }
  }
}

async function readCluster(repository: string, name: Environment, builder: Builder): Promise<Cluster> {
  const folder = `deploy/flux/clusters/${name}`
  const byHand = appliedByHand(join(repository, folder, 'bootstrap.yaml'))
  const built = await builder.resourcesOf(folder)
  const root = [...byHand, ...built]
  const applied = await Promise.all(
    built
      .filter((resource) => isFlux(resource, 'Kustomization'))
      .map(async (by) => {
        const path = normalize(by.spec?.path ?? '.').replace(/\/$/, '')
        return { by, folder: path, resources: await builder.resourcesOf(path) }
      }),
  )
  return { name, root, applied, facts: factsOf(join(repository, folder), byHand) }
}

/** Nothing, too, of a file that cannot be read, which is a finding already. */
function appliedByHand(file: string): Resource[] {
  if (!existsSync(file)) return []
  try {
    return resourcesIn(readFileSync(file, 'utf8'))
  } catch {
    return []
  }
}

const Data = z.object({ data: z.record(z.string(), z.string()) })

/** Of a cluster that is set up by a bootstrap.yaml, the data of its ConfigMap; otherwise the lines of runtime-info.example.env. */
function factsOf(folder: string, byHand: readonly Resource[]): Record<string, string> {
  const map = byHand.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'runtime-info')
  if (map) return Data.parse(map).data
  const file = join(folder, 'runtime-info.example.env')
  if (!existsSync(file)) return {}
  const lines = readFileSync(file, 'utf8').split('\n')
  return Object.fromEntries(
    lines
      .filter((line) => /^\w+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

function unreadable(repository: string, file: string): Finding[] {
  try {
    for (const text of readFileSync(join(repository, file), 'utf8').split(/^---$/m)) parse(text, { uniqueKeys: true })
    return []
  } catch (error) {
    const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    return [{ rule: 'YAML is read without an error', where: file, what, mend: 'mend the syntax' }]
  }
}

/** Everything that a cluster gets. */
export const everythingIn = ({ root, applied }: Cluster): Resource[] => [
  ...root,
  ...applied.flatMap(({ resources }) => resources),
]
