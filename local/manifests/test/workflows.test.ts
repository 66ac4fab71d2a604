import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const root = resolve(import.meta.dirname, '../../..')
const folder = join(root, '.github/workflows')
const names = readdirSync(folder)
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8')

const Step = z.looseObject({
  id: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
})
const Job = z.looseObject({ steps: z.array(Step), outputs: z.record(z.string(), z.string()).optional() })
const Workflow = z.looseObject({
  on: z.record(z.string(), z.unknown()),
  permissions: z.unknown(),
  jobs: z.record(z.string(), Job),
})
const workflow = (name: string) => Workflow.parse(parse(textOf(name)))
const stepsOf = (name: string) => Object.values(workflow(name).jobs).flatMap(({ steps }) => steps)

describe.for(names)('%s', (name) => {
  test('asks of pull requests no paths, because a required check that never begins holds them for ever', () => {
    expect(workflow(name).on.pull_request ?? {}).not.toHaveProperty('paths')
  })

  test('takes actions by the hash of a commit', () => {
    const actions = stepsOf(name).flatMap(({ uses }) => uses ?? [])
    expect(actions.filter((uses) => !/@[0-9a-f]{40}$/.test(uses))).toEqual([])
  })

  test('writes nothing from outside into a script', () => {
    const scripts = stepsOf(name).flatMap(({ run }) => run ?? [])
    expect(scripts.filter((run) => /\$\{\{\s*(github\.event|inputs|github\.head_ref)/.test(run))).toEqual([])
  })

  test('calls scripts that are there', () => {
    const scripts = [...textOf(name).matchAll(/\.github\/scripts\/[\w-]+/g)].map(([script]) => script)
    expect(scripts.filter((script) => !existsSync(join(root, script)))).toEqual([])
  })
})

test('deploy/flux is checked with all of history, where the charts of releases are', () => {
  const jobs = names.flatMap((name) => Object.values(workflow(name).jobs))
  const checking = jobs.filter(({ steps }) =>
    steps.some(({ run = '' }) => /^(\.ci\/run|npm run manifests\b.*)$/m.test(run)),
  )
  expect(checking).toHaveLength(2)
  for (const { steps } of checking)
    expect(steps.find(({ uses }) => uses?.startsWith('actions/checkout@'))?.with).toMatchObject({ 'fetch-depth': 0 })
})

test('who may write to the repository, or to the registry, is open to main only', () => {
  const secret = /secrets\.|azure\/login@/
  const jobs = names.flatMap((name) => Object.values(workflow(name).jobs))
  const trusted = jobs.filter((job) => secret.test(JSON.stringify(job)))
  expect(trusted.length).toBeGreaterThan(0)
  expect(trusted.map(({ environment }) => environment)).toEqual(trusted.map(() => 'release'))
})

test('of what people change only the pins of staging have no owner', () => {
  const lines = readFileSync(join(root, '.github/CODEOWNERS'), 'utf8').split('\n')
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(/\s+/))
  expect(rules[0]).toEqual(['*', expect.stringContaining('@')])
  // The last line that matches counts.
  expect(rules.findIndex(([, owner]) => owner === undefined)).toBe(rules.length - 1)
  expect(rules.at(-1)).toEqual(['/deploy/flux/apps/staging/*/chart.yaml'])
})

describe('e2e: the fleet is brought up for what concerns it', () => {
  const { run = '', env = {} } = workflow('e2e.yaml').jobs.concerned?.steps.find(({ id }) => id === 'changed') ?? {}
  const paths = (env.PATHS ?? '').split(/\s+/)

  let repository: string
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repository, '-c', 'user.name=Ann', '-c', 'user.email=ann@flotilla.test', ...args])
  const commit = (path: string) => {
    mkdirSync(dirname(join(repository, path)), { recursive: true })
    writeFileSync(join(repository, path), '')
    git('add', '--all')
    git('commit', '--quiet', '--message', path)
  }
  beforeEach(() => {
    repository = mkdtempSync(join(tmpdir(), 'flotilla-e2e-'))
    git('init', '--quiet')
    commit('first')
  })
  afterEach(() => rmSync(repository, { recursive: true }))

  const told = (GITHUB_EVENT_NAME: string) => {
    const output = join(repository, 'output')
    const environment = { PATH: process.env.PATH, PATHS: env.PATHS, GITHUB_EVENT_NAME, GITHUB_OUTPUT: output }
    execFileSync('bash', ['--norc', '-e', '-c', run], { cwd: repository, env: environment })
    return readFileSync(output, 'utf8')
  }

  test('every path is there', () => {
    expect(paths.map((path) => path.replace(/^:!/, '')).filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  test.for([
    ['services/order/src/main.ts', 'true'],
    ['deploy/flux/apps/local/order/release.yaml', 'true'],
    ['deploy/flux/apps/staging/order/chart.yaml', 'false'],
    ['docs/deploy.md', 'false'],
  ] as const)('a change of %s: %s', ([path, fleet]) => {
    commit(path)
    expect(told('pull_request')).toBe(`fleet=${fleet}\n`)
  })

  test('each night', () => {
    expect(told('schedule')).toBe('fleet=true\n')
  })
})
