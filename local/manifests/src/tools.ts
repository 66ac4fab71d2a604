import { execFile } from 'node:child_process'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program that npm does not have. */
export interface Tool {
  readonly name: string
  readonly version: string
  readonly module: string
}

export const kustomize: Tool = { name: 'kustomize', version: 'v5.8.1', module: 'sigs.k8s.io/kustomize/kustomize/v5' }

/** Where tools are looked for, and where they are kept. */
export interface Toolbox {
  readonly environment: NodeJS.ProcessEnv
  /** A folder of the user's, such as ~/.cache/flotilla. */
  readonly cache: string
}

/** The program on the path or in the cache; undefined if there is none. */
export function found({ name, version }: Tool, { environment, cache }: Toolbox): string | undefined {
  return [...(environment.PATH ?? '').split(delimiter), join(cache, `${name}-${version}`)]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

/** The program; if there is none it is built by Go into the cache. Throws when there is no Go either. */
export async function provide(tool: Tool, toolbox: Toolbox): Promise<string> {
  const there = found(tool, toolbox)
  if (there !== undefined) return there
  const folder = join(toolbox.cache, `${tool.name}-${tool.version}`)
  mkdirSync(folder, { recursive: true })
  const source = `${tool.module}@${tool.version}`
  try {
    await run('go', ['install', source], { env: { ...toolbox.environment, GOBIN: folder, CGO_ENABLED: '0' } })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`there is no ${tool.name}: put it on the PATH, or Go, which builds ${source}; ${why}`)
  }
  return join(folder, tool.name)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
