import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { outputOf } from './command.ts'
import { type Definition, reachable, strict } from './openapi.ts'

/** The oldest Kubernetes that the charts are for. */
export const kubernetesVersion = '1.34.4'

/** Where the API of every kind that charts may speak of is published. */
const kubernetes = `k8s.io/kubernetes@v${kubernetesVersion}`
const customResources = {
  'sigs.k8s.io/gateway-api@v1.6.0': 'config/crd/standard',
  'github.com/kedacore/keda/v2@v2.20.2': 'config/crd/bases',
} as const
/** Written by hand: the API of modules that cannot be had. */
const ownSchemas = fileURLToPath(new URL('../schemas', import.meta.url))

export interface ApiSchemasOptions {
  readonly cache: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly say: (line: string) => void
}

/**
 * A folder with a JSON Schema for every kind, as kubeconform takes them, that refuses unknown fields: of Kubernetes' own OpenAPI
 * document, and of the CRDs of Gateway API and KEDA, all from their Go modules.
 */
export async function apiSchemas({ cache, environment, say }: ApiSchemasOptions): Promise<string> {
  const modules = [kubernetes, ...Object.keys(customResources)]
  const folder = join(cache, `schemas-1-${modules.map((module) => module.split('@')[1]).join('-')}`)
  if (!existsSync(folder)) {
    const draft = `${folder}.draft`
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft, { recursive: true })
    say('making the schemas of the APIs')
    const directoryOf = async (module: string) => {
      const said = await outputOf('go', ['mod', 'download', '-json', module], { cwd: draft, environment })
      return (JSON.parse(said) as { Dir: string }).Dir
    }
    writeKubernetes(join(await directoryOf(kubernetes), 'api', 'openapi-spec', 'swagger.json'), draft)
    for (const [module, path] of Object.entries(customResources)) {
      writeCustomResources(join(await directoryOf(module), path), draft)
    }
    renameSync(draft, folder)
  }
  for (const file of readdirSync(ownSchemas)) copyFileSync(join(ownSchemas, file), join(folder, file))
  return folder
}

/** How kubeconform finds a schema; a kind of the core group has its version for a group. */
export const schemaLocation = (folder: string): string =>
  join(folder, '{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json')

const fileOf = (kind: string, group: string, version: string): string =>
  `${kind.toLowerCase()}-${group || version}-${version}.json`

interface Kind {
  readonly group: string
  readonly kind: string
  readonly version: string
}

function writeKubernetes(swagger: string, folder: string): void {
  const { definitions } = JSON.parse(readFileSync(swagger, 'utf8')) as { definitions: Record<string, Definition> }
  const strictly = Object.fromEntries(Object.entries(definitions).map(([name, it]) => [name, strict(it)]))
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = (definition['x-kubernetes-group-version-kind'] ?? []) as Kind[]
    const [one] = kinds
    if (one === undefined || kinds.length > 1) continue
    const schema = { $ref: `#/definitions/${name}`, definitions: reachable(name, strictly) }
    writeFileSync(join(folder, fileOf(one.kind, one.group, one.version)), JSON.stringify(schema))
  }
}

interface CustomResource {
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string }
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Definition } }[]
  }
}

function writeCustomResources(from: string, folder: string): void {
  for (const file of readdirSync(from).filter((name) => name.endsWith('.yaml'))) {
    for (const document of parseAllDocuments(readFileSync(join(from, file), 'utf8'))) {
      const { kind, spec } = (document.toJS() ?? {}) as CustomResource & { kind?: string }
      if (kind !== 'CustomResourceDefinition') continue
      for (const { name, schema } of spec.versions) {
        const content = JSON.stringify(strict(schema.openAPIV3Schema))
        writeFileSync(join(folder, fileOf(spec.names.kind, spec.group, name)), content)
      }
    }
  }
}
