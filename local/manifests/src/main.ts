import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { conform, scan } from '@flotilla/charts/check'
import { Helm } from '@flotilla/charts/helm'
import { installTools } from '@flotilla/charts/tools'
import { services } from '@flotilla/contracts/topology'
import { z } from 'zod'
import { check } from './check.ts'
import { textOf } from './finding.ts'
import { kustomizeBuild } from './fleet.ts'
import { chartsOf } from './history.ts'
import { pin, promote } from './promotion.ts'
import { kustomize, provide } from './tools.ts'

/** `npm run manifests`: checks deploy/flux, exit 1 when something is wrong; or writes which release an environment runs. */

const usage = `usage: npm run manifests [-- check | pin … | promote …] [--repository DIR]
  check [--out DIR]                                            what is wrong with deploy/flux (the default)
    --out DIR      a new folder for what was judged: clusters/*.yaml, what Flux applies; releases/*.yaml, what Helm does
  pin --environment staging|production --service NAME --version VERSION --digest sha256:…
  promote --service NAME [--proven FILE]                       pins for production what staging pins
    --proven FILE  the chart.yaml of the commit that staging runs: another one than now is refused
  --repository DIR  this repository`

const Service = z.enum(services, { error: `--service: one of ${services.join(', ')}` })
const Environment = z.enum(['staging', 'production'], { error: '--environment: staging or production' })
const text = (name: string) => z.string({ error: `--${name} is missing` })

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      repository: { type: 'string', default: resolve(import.meta.dirname, '../../..') },
      environment: { type: 'string' },
      service: { type: 'string' },
      version: { type: 'string' },
      digest: { type: 'string' },
      proven: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const repository = resolve(values.repository)
  const [command = 'check', ...more] = positionals
  if (more.length > 0) throw new Error(`one command at a time, not ${positionals.join(' ')}`)
  if (command === 'check') return checkAll(repository, values.out)
  const service = Service.parse(values.service)
  if (command === 'pin') {
    const it = { service, version: text('version').parse(values.version), digest: text('digest').parse(values.digest) }
    console.log(pin(repository, Environment.parse(values.environment), it))
    return 0
  }
  if (command !== 'promote') throw new Error(`there is no command ${command}`)
  const { version, digest } = promote(repository, service, values.proven && readFileSync(values.proven, 'utf8'))
  console.log(`${service} ${version} ${digest}`)
  return 0
}

async function checkAll(repository: string, into: string | undefined): Promise<number> {
  const out = into && resolve(into)
  if (out !== undefined && existsSync(out)) throw new Error(`--out: ${out} is there already; name a folder that is not`)
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const cache = process.env.FLOTILLA_CHARTS_CACHE ?? join(homedir(), '.cache', 'flotilla-charts')
  const say = (line: string) => console.log(`manifests: ${line}`)
  const options = { cache, environment: process.env, say }
  const binary = await provide(kustomize, { environment: process.env, cache: join(caches, 'flotilla') })
  mkdirSync(cache, { recursive: true })
  const tools = await installTools(options)
  const helm = new Helm(tools.helm, cache, process.env)
  const { findings, leftOut } = await check(repository, {
    build: kustomizeBuild(binary),
    helm,
    out,
    chartsOf: (...wanted) => chartsOf(repository, ...wanted),
    judge: async (folder) => [
      ...(await conform(tools, folder, options)),
      ...(await scan(tools, folder, helm.environment)),
    ],
  })
  for (const release of leftOut) say(`left out: ${release}`)
  for (const finding of findings) console.log(textOf(finding))
  if (findings.length === 0) console.log('deploy/flux: every cluster can be built, and keeps the rules')
  return findings.length === 0 ? 0 : 1
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    const message =
      error instanceof z.ZodError
        ? error.issues.map((issue) => issue.message).join('; ')
        : String((error as Error).message)
    console.error(`manifests: ${message}\n${usage}`)
    process.exitCode = 2
  },
)
