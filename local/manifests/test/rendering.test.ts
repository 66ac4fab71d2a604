import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check } from '../src/check.ts'
import { chartManifest, noRelease } from '../src/promotion.ts'
import { withFacts } from '../src/rendering.ts'
import { type Edit, FakeHelm, findingsBy, means, withRepository } from './fixture.ts'

const digest = `sha256:${'0'.repeat(64)}`
const older: readonly Edit[] = [
  {
    file: 'deploy/flux/apps/production/order/chart.yaml',
    from: noRelease,
    to: chartManifest({ service: 'order', version: '0.9.0', digest }),
  },
  { file: 'deploy/flux/apps/production/order/release.yaml', from: 'order-1.0.0', to: 'order-0.9.0' },
]

test('a release is rendered with the values and the facts of its cluster, and with the digest that publishing writes', async () => {
  const helm = new FakeHelm()
  expect(await findingsBy(means({ helm }))).toEqual([])
  expect(helm.given).toEqual([
    { chart: 'name: order\nversion: 1.0.0\n', values: [{ replicas: 1 }] },
    {
      chart: 'name: order\nversion: 1.0.0\n',
      values: [
        { image: { digest } },
        { image: { repository: 'flotilla.azurecr.io/flotilla/order' }, autoscaling: { minReplicas: 3 } },
      ],
    },
  ])
})

test('what a chart refuses is found, in the words of the chart', async () => {
  const helm = new FakeHelm({
    err: 'Error: order cannot be rendered:\n- database: too many\n\nUse --debug flag to render out invalid YAML\n',
  })
  expect(await findingsBy(means({ helm }))).toEqual(
    ['local', 'production'].map(
      (name) =>
        `the chart takes the values | ${name}: HelmRelease order/order | Error: order cannot be rendered:\n- database: too many`,
    ),
  )
})

test('what the APIs or the scanner say of a rendering is found', async () => {
  const seen: string[] = []
  const judge = async (folder: string) => {
    seen.push(...readdirSync(folder))
    return ['spec.replicas: got string']
  }
  expect(await findingsBy(means({ judge }))).toEqual([
    'the cluster takes what is rendered | deploy/flux/apps | spec.replicas: got string',
  ])
  expect(seen).toEqual(['local-order.yaml', 'production-order.yaml'])
})

test('pods of a release keep the rules of the charts', async () => {
  const pod = `apiVersion: v1
kind: Pod
metadata: { name: order }
spec: { containers: [{ name: order, image: "flotilla/order:latest" }] }
`
  expect(await findingsBy(means({ helm: new FakeHelm({ out: pod }) }))).toContain(
    'the chart takes the values | production: HelmRelease order/order | Pod order: runs as root, or may',
  )
})

test('a claim that an uninstalled release takes along is found', async () => {
  const claim = 'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\n'
  expect(await findingsBy(means({ helm: new FakeHelm({ out: claim }) }))).toContain(
    'a release holds no data | production: HelmRelease order/order | it makes the claim data, which is deleted when an installation fails',
  )
  const kept = `${claim.replace('data }', 'data, annotations: { helm.sh/resource-policy: keep } }')}`
  expect((await findingsBy(means({ helm: new FakeHelm({ out: kept }) }))).join()).not.toContain('holds no data')
})

test('a release of an older chart is rendered with that chart, not with the one beside it', async () => {
  const helm = new FakeHelm()
  const chartsOf = async (service: string, version: string, into: string) => {
    const folder = join(into, 'deploy/helm', service)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'Chart.yaml'), `name: ${service}\nversion: ${version}\n`)
    return true
  }
  expect(await findingsBy(means({ helm, chartsOf }), ...older)).toEqual([])
  expect(helm.given.map(({ chart }) => chart)).toEqual([
    'name: order\nversion: 1.0.0\n',
    'name: order\nversion: 0.9.0\n',
  ])
})

test('a release whose chart cannot be had is left out by name', async () => {
  const { findings, leftOut } = await withRepository(older, (repository) => check(repository, means()))
  expect(findings).toEqual([])
  expect(leftOut).toEqual([
    'production: HelmRelease order/order: chart 0.9.0 is in no commit of this clone (git fetch --unshallow gets all of them)',
  ])
})

test('nothing is rendered of what is not there', async () => {
  const helm = new FakeHelm()
  const edit = {
    file: 'deploy/flux/apps/local/order/release.yaml',
    from: './deploy/helm/order',
    to: './deploy/helm/none',
  }
  await findingsBy(means({ helm }), edit)
  expect(helm.given).toEqual([])
})

test('a fact is put in as text is: it may become a number, and what is no fact stays', () => {
  const facts = { size: '3', host: 'a.example' }
  expect(withFacts({ size: `\${size}`, url: `https://\${host}/`, other: `\${other}` }, facts)).toEqual({
    size: 3,
    url: 'https://a.example/',
    other: `\${other}`,
  })
})
