import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CommandOptions, outputOf } from './command.ts'

/** Where the programs are that charts are checked with. */
export interface Tools {
  readonly helm: string
  readonly unittest: string
  readonly kubeconform: string
  readonly checkov: string
}

export interface ToolsOptions {
  /** Where they are kept; what is there already is not made again. */
  readonly cache: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly say: (line: string) => void
}

const pins = fileURLToPath(new URL('../tools', import.meta.url))
const helmVersion = '4.2.4'
const packages = {
  helm: 'helm.sh/helm/v4/cmd/helm',
  unittest: 'github.com/helm-unittest/helm-unittest/cmd/helm-unittest',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform',
} as const

/** Makes what is missing, in the versions that `tools/` pins: from Go modules, and from PyPI. */
export async function installTools(options: ToolsOptions): Promise<Tools> {
  const go = await kept(options, 'go', ['go.mod', 'go.sum'], (folder) => buildGo(folder, options))
  const python = await kept(options, 'python', ['requirements.txt'], (folder) => installPython(folder, options))
  return {
    helm: join(go, 'helm'),
    unittest: join(go, 'unittest'),
    kubeconform: join(go, 'kubeconform'),
    checkov: join(python, 'bin', 'checkov'),
  }
}

/** A folder that is made once for these pins, and is whole or not there. */
async function kept(
  { cache, say }: ToolsOptions,
  name: string,
  files: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(join(pins, file)))
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 12)}`)
  const whole = join(folder, 'whole')
  if (existsSync(whole)) return folder
  say(`making ${folder} (once; some minutes)`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await make(folder)
  mkdirSync(whole)
  return folder
}

async function buildGo(folder: string, { environment, say }: ToolsOptions): Promise<void> {
  const options: CommandOptions = { cwd: pins, environment: { ...environment, CGO_ENABLED: '0', GOFLAGS: '' } }
  const version = `-X helm.sh/helm/v4/internal/version.version=v${helmVersion}`
  for (const [name, path] of Object.entries(packages)) {
    say(`building ${path}`)
    const args = [
      'build',
      '-buildvcs=false',
      '-trimpath',
      '-ldflags',
      `-s -w ${version}`,
      '-o',
      join(folder, name),
      path,
    ]
    await withHint('Go 1.26 or later (https://go.dev/dl) is needed', () => outputOf('go', args, options))
  }
}

async function installPython(folder: string, { environment, say }: ToolsOptions): Promise<void> {
  say('installing checkov')
  const options: CommandOptions = { environment }
  const hint = 'Python 3.9 or later with venv and pip is needed'
  await withHint(hint, () => outputOf('python3', ['-m', 'venv', folder], options))
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', join(pins, 'requirements.txt')]
  await withHint(hint, () => outputOf(join(folder, 'bin', 'python'), pip, options))
}

async function withHint<Of>(hint: string, work: () => Promise<Of>): Promise<Of> {
  try {
    return await work()
  } catch (error) {
    throw new Error(`${hint}: ${(error as Error).message}`, { cause: error })
  }
}
