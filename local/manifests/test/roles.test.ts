import { expect, test } from 'vitest'
import { type Edit, findingsWith } from './fixture.ts'

const tenant = 'deploy/flux/tenant/all.yaml'

const broken: readonly { readonly rule: string; readonly edit: Edit; readonly found: readonly string[] }[] = [
  {
    rule: 'a service may write no rights',
    edit: { file: tenant, from: 'configmaps,', to: 'configmaps, roles,' },
    found: ['local', 'production'].map(
      (name) =>
        `a service keeps to its namespace | ${name}: ClusterRole flotilla-release | it lets Flux create, patch, delete /roles`,
    ),
  },
  ...(
    [
      ['flotilla-release', 'rolebindings', 'get, create, update', 'create, update'],
      ['flotilla-release', 'namespaces/finalize', 'update', 'update'],
      ['flotilla-release', 'nodes', 'deletecollection', 'deletecollection'],
      ['flotilla-release', 'serviceaccounts/token', 'create', 'create'],
      ['flotilla-release', 'serviceaccounts', 'impersonate', 'impersonate'],
      ['flotilla-release', 'clusterroles', 'bind, escalate', 'bind, escalate'],
      ['flotilla-release', 'secrets', '"*"', '*'],
      ['flotilla-apply', 'pods/exec', 'create', 'create'],
    ] as const
  ).map(([role, resource, verbs, found]) => ({
    rule: `no verb of a role gives a service more: ${role} may not ${found} ${resource}`,
    edit: {
      file: tenant,
      from: new RegExp(`(name: ${role} }\\nrules: \\[)`),
      to: `$1{ apiGroups: [""], resources: [${resource}], verbs: [${verbs}] }, `,
    },
    found: ['local', 'production'].map(
      (name) => `a service keeps to its namespace | ${name}: ClusterRole ${role} | it lets Flux ${found} /${resource}`,
    ),
  })),
  {
    rule: 'a service may look at rights',
    edit: {
      file: tenant,
      from: /(name: flotilla-release }\nrules: \[)/,
      to: '$1{ apiGroups: [""], resources: [rolebindings], verbs: [get, list, watch] }, ',
    },
    found: [],
  },
  {
    rule: 'Flux may write what a chart renders',
    edit: { file: tenant, from: 'configmaps,', to: 'secrets,' },
    found: ['local', 'production'].map(
      (name) =>
        `Flux may write what it has to | ${name}: ClusterRole flotilla-release | it does not let Flux write /configmaps`,
    ),
  },
]

test.for(broken)('$rule', async ({ edit, found }) => {
  expect(await findingsWith(edit)).toEqual(found)
})
