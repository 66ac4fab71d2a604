import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { charts, chartsFolder, valuesFile } from '@flotilla/charts/charts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { groupOf, type Resource, resourcesIn } from '../src/resource.ts'
import { found } from '../src/tools.ts'

const Roles = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  rules: z
    .array(z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }))
    .optional(),
})

const tenants = resolve(import.meta.dirname, '../../../deploy/flux/infrastructure/tenants')
const roles = resourcesIn(readFileSync(join(tenants, 'roles.yaml'), 'utf8')).map((role) => Roles.parse(role))

/** What a role may write, as `group/resources`. */
function writable(name: string): string[] {
  const rules = roles.find(({ metadata }) => metadata.name === name)?.rules ?? []
  return rules
    .filter(({ verbs }) => ['create', 'patch', 'delete'].every((verb) => verbs.includes(verb)))
    .flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}`)),
    )
}

/** As the API names a kind in a path. */
const resourceOf = (resource: Resource): string =>
  `${groupOf(resource)}/${resource.kind.toLowerCase().replace(/y$/, 'ie').replace(/s$/, 'se')}s`

const helm = found({ name: 'helm', version: '', module: '' }, { environment: process.env, cache: '' })
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-roles-'))
  for (const { name } of charts) {
    cpSync(join(chartsFolder, name), join(folder, name), { recursive: true })
    cpSync(join(chartsFolder, 'flotilla-lib'), join(folder, name, 'charts', 'flotilla-lib'), { recursive: true })
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

const rendered = charts.flatMap((chart) =>
  chart.environments.map((environment) => ({ chart, environment, name: chart.name })),
)

test.skipIf(helm === undefined).for(rendered)(
  'Flux may write everything that $name renders for $environment',
  ({ chart, environment }) => {
    const args = [
      'template',
      chart.name,
      join(folder, chart.name),
      '--namespace',
      chart.name,
      '--values',
      valuesFile(chart, environment),
      '--kube-version',
      '1.34.4',
    ]
    const resources = resourcesIn(execFileSync(helm ?? '', args, { encoding: 'utf8' }))
    expect(resources.length).toBeGreaterThan(5)
    const needed = [...new Set(resources.map(resourceOf))]
    expect(needed.filter((resource) => !writable('flotilla-release').includes(resource))).toEqual([])
  },
)

test.for(['flotilla-release', 'flotilla-apply'])('%s may write nothing that gives it more', (name) => {
  const more = [
    'roles',
    'rolebindings',
    'clusterroles',
    'clusterrolebindings',
    'namespaces',
    'nodes',
    'persistentvolumes',
    '*',
  ]
  expect(writable(name).filter((resource) => more.includes(resource.split('/')[1] ?? ''))).toEqual([])
  expect(writable(name)).not.toEqual([])
})
