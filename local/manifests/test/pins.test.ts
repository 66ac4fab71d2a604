import { expect, test } from 'vitest'
import { chartManifest, noRelease } from '../src/promotion.ts'
import { type Edit, findingsWith } from './fixture.ts'

const production = 'deploy/flux/apps/production/order/release.yaml'
const chart = 'deploy/flux/apps/production/order/chart.yaml'

/** A pin that was written by `pin`, and then changed. */
const pin = (from = '', to = ''): Edit => {
  const manifest = chartManifest({ service: 'order', version: '1.0.0', digest: `sha256:${'1'.repeat(64)}` })
  if (!manifest.includes(from)) throw new Error(`a pin does not hold ${from}`)
  return { file: chart, from: noRelease, to: manifest.replace(from, to) }
}
const unpublished =
  'what runs was published | deploy/flux/apps/production/order/chart.yaml | it is not as `npm run manifests -- pin` writes it'

const otherImage =
  'what runs was published | production: HelmRelease order/order | its values name another image than the one that was published with the chart'

const broken: readonly { readonly rule: string; readonly edit: Edit; readonly found: readonly string[] }[] = [
  {
    rule: 'a chart is pinned to one version',
    edit: pin('tag: 1.0.0', 'semver: ">=1.0.0"'),
    found: [
      'what is installed is versioned | production: OCIRepository order/order-1.0.0 | its tag is missing, which is no exact version',
      'an upgrade is one object | production: HelmRelease order/order | its source is called order-1.0.0',
      unpublished,
    ],
  },
  {
    rule: 'the name of a source carries its version',
    edit: pin('tag: 1.0.0', 'tag: 1.1.0'),
    found: [
      'an upgrade is one object | production: HelmRelease order/order | its source is called order-1.0.0',
      unpublished,
    ],
  },
  {
    rule: 'a chart without a digest was never published',
    edit: pin(`    digest: sha256:${'1'.repeat(64)}\n`),
    found: [unpublished],
  },
  {
    rule: 'a pin is nothing but a pin',
    edit: pin('  releaseName: order\n', '  releaseName: order\n  values: { replicas: 9 }\n'),
    found: [unpublished],
  },
  {
    rule: 'what is pinned is what is released',
    edit: { file: production, from: '  verify:', to: `  ref: { digest: sha256:${'2'.repeat(64)} }\n  verify:` },
    found: ['what runs was published | production: OCIRepository order/order-1.0.0 | it is not what chart.yaml pins'],
  },
  {
    rule: 'a chart comes from the registry',
    edit: { file: production, from: '  verify:', to: '  url: oci://elsewhere.example/order\n  verify:' },
    found: [
      'what runs was published | production: OCIRepository order/order-1.0.0 | it is another source than the registry',
    ],
  },
  {
    rule: 'a chart is signed',
    edit: { file: production, from: 'verify:', to: 'unverified:' },
    found: [
      'what runs was published | production: OCIRepository order/order-1.0.0 | it takes a chart that somebody else may have signed',
    ],
  },
  {
    rule: 'a chart is signed by the release workflow on main, not by somebody',
    edit: { file: production, from: '@refs/heads/main$', to: '@.*$' },
    found: [
      'what runs was published | production: OCIRepository order/order-1.0.0 | it takes a chart that somebody else may have signed',
    ],
  },
  ...(
    [
      ['digest', `digest: sha256:${'e'.repeat(64)}`],
      ['tag', 'tag: 9.9.9'],
      ['pull policy', 'pullPolicy: Always'],
    ] as const
  ).map(([what, value]) => ({
    rule: `an image is the one that was published with the chart: no other ${what}`,
    edit: { file: production, from: '/flotilla/order" }', to: `/flotilla/order", ${value} }` },
    found: [otherImage],
  })),
  ...['docker.io/somebody/else', `\${registry}/flotilla/payment`].map((repository) => ({
    rule: `an image comes from the registry, not from ${repository}`,
    edit: { file: production, from: `\${registry}/flotilla/order`, to: repository },
    found: [otherImage],
  })),
  {
    rule: 'an image is named',
    edit: { file: production, from: /image: { repository: .*? }, /, to: '' },
    found: [otherImage],
  },
  {
    rule: 'values are those of values.yaml',
    edit: {
      file: production,
      from: '  timeout: 10m',
      to: '  valuesFrom: [{ kind: ConfigMap, name: more }]\n  timeout: 10m',
    },
    found: [
      'what is named is there | production: HelmRelease order/order | it names ConfigMap more, which is not in namespace order',
      'what runs was published | production: HelmRelease order/order | it takes values from elsewhere',
    ],
  },
  {
    rule: 'what runs is what the chart renders',
    edit: {
      file: production,
      from: '  timeout: 10m',
      to: '  postRenderers: [{ kustomize: { images: [{ name: flotilla, newTag: 9.9.9 }] } }]\n  timeout: 10m',
    },
    found: ['what runs was published | production: HelmRelease order/order | it changes what the chart renders'],
  },
  {
    rule: 'facts are those of the cluster',
    edit: {
      file: 'deploy/flux/clusters/production/all.yaml',
      from: 'substituteFrom: [{ kind: ConfigMap, name: runtime-info }]',
      to: 'substituteFrom: [{ kind: ConfigMap, name: runtime-info }], substitute: { registry: elsewhere.example }',
    },
    found: [
      'what runs was published | production: Kustomization flux-system/order | it takes facts from elsewhere than the ConfigMap runtime-info',
    ],
  },
  {
    rule: 'what is promoted is where production looks for it',
    edit: {
      file: 'deploy/flux/clusters/staging/runtime-info.example.env',
      from: '',
      to: 'registry=flotillastaging.azurecr.io\n',
    },
    found: [
      'what runs was published | deploy/flux/clusters/staging/runtime-info.example.env, deploy/flux/clusters/production/runtime-info.example.env | the clusters have a registry each',
    ],
  },
]

test('a release that is unpinned is not uninstalled', async () => {
  const edit = { file: production, from: 'prune: disabled', to: 'prune: enabled' }
  expect(await findingsWith(edit)).toEqual([
    'what takes others along is deleted by hand | production: HelmRelease order/order | Flux deletes it when Git no longer has it',
  ])
})

test('a pin that was written by `pin` keeps every rule', async () => {
  expect(await findingsWith(pin())).toEqual([])
})

test.for(broken)('$rule', async ({ edit, found }) => {
  expect(await findingsWith(edit)).toEqual(found)
})
