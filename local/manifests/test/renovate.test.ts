import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const root = resolve(import.meta.dirname, '../../..')
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

const Manager = z.object({
  managerFilePatterns: z.array(z.string()),
  matchStrings: z.array(z.string()).length(1),
})
const Configuration = z.looseObject({ customManagers: z.array(Manager) })
// JSON5 is an expression of JavaScript.
const { customManagers } = Configuration.parse(runInNewContext(`(${textOf('.github/renovate.json5')})`))

const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean)

/** The versions that a manager finds, each with its file. */
function versions({ managerFilePatterns, matchStrings }: z.output<typeof Manager>): string[] {
  const patterns = managerFilePatterns.map((pattern) => new RegExp(pattern.slice(1, -1)))
  return files
    .filter((file) => patterns.some((pattern) => pattern.test(file)))
    .flatMap((file) => [...textOf(file).matchAll(new RegExp(matchStrings[0] ?? '', 'g'))].map((it) => ({ file, it })))
    .map(({ file, it }) => `${file}: ${it.groups?.currentValue}`)
}

test.for(customManagers.map((manager) => [manager.matchStrings[0], manager] as const))(
  'Renovate finds a version by %s',
  ([, manager]) => {
    expect(versions(manager)).not.toEqual([])
    for (const version of versions(manager)) expect(version).toMatch(/: v?\d+\.\d+\.\d+$/)
  },
)

/** Inputs that Renovate reads without being told. */
const known = ['actions/setup-node', 'actions/setup-go', 'azure/setup-helm']

const Step = z.object({ uses: z.string().optional(), with: z.record(z.string(), z.unknown()).optional() })
const Workflow = z.object({ jobs: z.record(z.string(), z.object({ steps: z.array(Step) })) })

test('every version that a workflow installs is raised by Renovate', () => {
  const folder = '.github/workflows'
  const found = customManagers.flatMap(versions)
  const installed = readdirSync(join(root, folder)).flatMap((name) =>
    Object.values(Workflow.parse(parse(textOf(join(folder, name)))).jobs)
      .flatMap(({ steps }) => steps)
      .filter(({ uses = '' }) => uses !== '' && !known.includes(uses.split('@')[0] ?? ''))
      .flatMap((step) => Object.values(step.with ?? {}))
      // A version, or an image with one as its tag.
      .flatMap((value) => /^(?:[a-z/]+:)?(v?\d+\.\d+\.\d+)$/.exec(String(value))?.[1] ?? [])
      .map((version) => `${join(folder, name)}: ${version}`),
  )
  expect(installed).toHaveLength(4)
  expect(installed.filter((version) => !found.includes(version))).toEqual([])
})
