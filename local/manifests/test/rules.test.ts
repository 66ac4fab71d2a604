import { expect, test } from 'vitest'
import { seconds } from '../src/rules/releases.ts'
import { secrets } from '../src/rules/safety.ts'
import { type Edit, findingsWith } from './fixture.ts'

const local = 'deploy/flux/clusters/local/all.yaml'
const localRelease = 'deploy/flux/apps/local/order/release.yaml'
const production = 'deploy/flux/apps/production/order/release.yaml'
const tenant = 'deploy/flux/tenant/all.yaml'

test('a repository that keeps every rule has no finding', async () => {
  expect(await findingsWith()).toEqual([])
})

const broken: readonly { readonly rule: string; readonly edit: Edit; readonly found: readonly string[] }[] = [
  {
    rule: 'a path leads to a kustomization',
    edit: { file: local, from: 'apps/local/order', to: 'apps/local/nothing' },
    found: [
      'what is named is there | local: Kustomization flux-system/order | its path deploy/flux/apps/local/nothing holds no kustomization.yaml',
      'nothing lies about unused | deploy/flux/apps/local/order/kustomization.yaml | no cluster comes to it',
      'nothing lies about unused | deploy/flux/apps/local/order/release.yaml | no cluster comes to it',
    ],
  },
  {
    rule: 'what is waited for is there',
    edit: { file: local, from: 'name: tenants }]', to: 'name: tenant }]' },
    found: [
      'what is named is there | local: Kustomization flux-system/order | it depends on tenant, which is not there',
    ],
  },
  {
    rule: 'nothing waits for itself',
    edit: {
      file: local,
      from: 'spec: { path: ./deploy/flux/tenant,',
      to: 'spec: { dependsOn: [{ name: order }], path: ./deploy/flux/tenant,',
    },
    found: [
      'the order has no circle | local: Kustomization flux-system/tenants | it waits for itself',
      'the order has no circle | local: Kustomization flux-system/order | it waits for itself',
    ],
  },
  {
    rule: 'a chart of a release is there',
    edit: { file: localRelease, from: './deploy/helm/order', to: './deploy/helm/orders' },
    found: ['what is named is there | local: HelmRelease order/order | there is no deploy/helm/orders/Chart.yaml'],
  },
  {
    rule: 'values files of a release are there',
    edit: { file: localRelease, from: 'valuesFiles: [', to: 'valuesFiles: [deploy/helm/order/none.yaml, ' },
    found: ['what is named is there | local: HelmRelease order/order | there is no deploy/helm/order/none.yaml'],
  },
  {
    rule: 'a source is in the namespace that names it',
    edit: {
      file: localRelease,
      from: 'sourceRef: { kind: GitRepository, name: flotilla }',
      to: 'sourceRef: { kind: GitRepository, name: other }',
    },
    found: [
      'what is named is there | local: HelmRelease order/order | it names GitRepository other, which is not in namespace order',
    ],
  },
  {
    rule: 'no reference leaves its namespace',
    edit: {
      file: local,
      from: '{ kind: GitRepository, name: flux-system }',
      to: '{ kind: GitRepository, name: flux-system, namespace: order }',
    },
    found: [
      'a service keeps to its namespace | local: Kustomization flux-system/tenants | it refers to flux-system in order',
    ],
  },
  {
    rule: 'a service is applied as its own account',
    edit: { file: local, from: 'serviceAccountName: order', to: 'serviceAccountName: kustomize-controller' },
    found: [
      'a service keeps to its namespace | local: Kustomization flux-system/order | it is applied as kustomize-controller',
    ],
  },
  {
    rule: 'a release is installed as the account of its namespace',
    edit: { file: localRelease, from: '  serviceAccountName: flux\n', to: '' },
    found: ['a service keeps to its namespace | local: HelmRelease order/order | it is applied as nobody'],
  },
  {
    rule: 'what is applied for a service is in its namespace',
    edit: {
      file: production,
      from: '',
      to: '---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: mine, namespace: payment }\n',
    },
    found: [
      'a service keeps to its namespace | production: ConfigMap payment/mine | Kustomization order applies it',
      'Flux may write what it has to | production: ClusterRole flotilla-apply | it does not let Flux write /configmaps',
    ],
  },
  {
    rule: 'pods are held to the restricted standard',
    edit: { file: tenant, from: 'enforce: restricted', to: 'enforce: baseline' },
    found: ['local', 'production'].map(
      (name) => `a namespace is closed | ${name}: Namespace order | pods are not held to the restricted standard`,
    ),
  },
  {
    rule: 'a namespace denies all traffic that no policy opens',
    edit: { file: tenant, from: 'policyTypes: [Ingress, Egress]', to: 'policyTypes: [Ingress]' },
    found: ['local', 'production'].map(
      (name) => `a namespace is closed | ${name}: Namespace order | no NetworkPolicy denies everything`,
    ),
  },
  {
    rule: 'a policy that opens something denies not everything',
    edit: { file: tenant, from: 'policyTypes: [Ingress, Egress]', to: 'policyTypes: [Ingress, Egress], egress: [{}]' },
    found: ['local', 'production'].map(
      (name) => `a namespace is closed | ${name}: Namespace order | no NetworkPolicy denies everything`,
    ),
  },
  {
    rule: 'API versions are those of this Flux',
    edit: { file: production, from: /helm.toolkit.fluxcd.io.v2/g, to: 'helm.toolkit.fluxcd.io/v2beta2' },
    found: [
      'API versions are those of this Flux | production: HelmRelease order/order | helm.toolkit.fluxcd.io/v2beta2 is not known',
    ],
  },
  {
    rule: 'a chart from Git is not made anew by every commit',
    edit: {
      file: localRelease,
      from: 'chart: ./deploy/helm/order,',
      to: 'chart: ./deploy/helm/order, reconcileStrategy: Revision,',
    },
    found: ['an upgrade is one object | local: HelmRelease order/order | every commit makes a new chart'],
  },
  {
    rule: 'a chart from Git has no values beside it',
    edit: { file: localRelease, from: '  timeout: 10m', to: '  values: { replicas: 3 }\n  timeout: 10m' },
    found: ['an upgrade is one object | local: HelmRelease order/order | it has values beside the chart'],
  },
  {
    rule: 'a failed release of production is rolled back',
    edit: { file: production, from: /(upgrade:.*)RemediateOnFailure/s, to: '$1RetryOnFailure' },
    found: [
      'a failure is dealt with as decided | production: HelmRelease order/order | a failed upgrade is dealt with by RetryOnFailure',
    ],
  },
  {
    rule: 'a failed installation of production is not tried again as an upgrade, which would have nothing to go back to',
    edit: { file: production, from: 'RemediateOnFailure', to: 'RetryOnFailure' },
    found: [
      'a failure is dealt with as decided | production: HelmRelease order/order | a failed installation is dealt with by RetryOnFailure',
    ],
  },
  {
    rule: 'a failed installation is tried again until it works',
    edit: { file: production, from: '    remediation: { retries: -1 }\n', to: '' },
    found: [
      'a failure is dealt with as decided | production: HelmRelease order/order | a first installation that fails is given up',
    ],
  },
  {
    rule: 'the last failure is rolled back too',
    edit: { file: production, from: 'remediateLastFailure: true, ', to: '' },
    found: [
      'a failure is dealt with as decided | production: HelmRelease order/order | the last failure is not rolled back',
    ],
  },
  {
    rule: 'a Kustomization waits longer than its release takes',
    edit: { file: local, from: 'timeout: 15m', to: 'timeout: 10m' },
    found: [
      'a failure is dealt with as decided | local: HelmRelease order/order | Kustomization order gives up before the release does',
    ],
  },
  {
    rule: 'drift is mended',
    edit: { file: localRelease, from: '{ mode: enabled }', to: '{ mode: warn }' },
    found: ['a failure is dealt with as decided | local: HelmRelease order/order | drift is not mended'],
  },
  {
    rule: 'a fact that is asked for is declared',
    edit: { file: production, from: 'minReplicas: 3', to: `minReplicas: "\${replicas}"` },
    found: [`facts are declared | production: deploy/flux/apps/production/order | it asks for \${replicas}`],
  },
  {
    rule: 'YAML is read without an error',
    edit: { file: 'deploy/flux/old.yaml', from: '', to: 'kind: one\nkind: two\n' },
    found: [
      'YAML is read without an error | deploy/flux/old.yaml | Map keys must be unique at line 2, column 1:',
      'nothing lies about unused | deploy/flux/old.yaml | no cluster comes to it',
    ],
  },
  {
    rule: 'a file that nobody names is found',
    edit: { file: 'deploy/flux/apps/local/order/old.yaml', from: '', to: 'kind: ConfigMap\n' },
    found: ['nothing lies about unused | deploy/flux/apps/local/order/old.yaml | no cluster comes to it'],
  },
]

test.for(broken)('$rule', async ({ edit, found }) => {
  expect(await findingsWith(edit)).toEqual(found)
})

test.for([
  ['kind: Secret\nmetadata: {}', 'a Secret'],
  [`-----BEGIN RSA ${'PRIVATE'} KEY-----`, 'a private key'],
  [`token_of: ghp_${'a'.repeat(36)}`, 'a token of GitHub'],
  [`key: sk_${'live'}_abc`, 'a key of Stripe'],
  [`Endpoint=x;SharedAccessKey=${'a'.repeat(43)}=`, 'a key of Azure'],
  ['  password: hunter2', 'a password'],
] as const)('a secret is known by its looks: %s', ([text, what]) => {
  expect(secrets(text, 'x.yaml').map((finding) => finding.what)).toEqual([`it looks as if it held ${what}`])
})

test('a name of a secret is none', () => {
  expect(
    secrets(`secretRef:\n  name: github-app\ntokenUrl: https://x\npassword: \${smtp_password}\n`, 'x.yaml'),
  ).toEqual([])
})

test.for([
  ['1m30s', 90],
  ['2h', 7200],
  ['', 0],
] as const)('the duration %s is %d s', ([duration, expected]) => {
  expect(seconds(duration)).toBe(expected)
})
