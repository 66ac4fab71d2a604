import { services } from '@flotilla/contracts/topology'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chartFile, chartManifest, pinned } from '../src/promotion.ts'
import { GitHub, hasScripts } from './github.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const branch = `stage/order/1.1.0-${'1'.repeat(12)}`
const identity = 'https://github.com/flotilla-example/flotilla/.github/workflows/release.yaml@refs/heads/main'

let github: GitHub
const chart = (service: string, version: string) => ({
  [`deploy/helm/${service}/Chart.yaml`]: `name: ${service}\nversion: ${version}\n`,
})
const raise = (service: string, version: string) => github.commit('main', chart(service, version))

beforeEach(() => {
  github = new GitHub()
  const files = services.map((service) => ({
    ...chart(service, '1.0.0'),
    [chartFile('staging', service)]: chartManifest({ service, version: '1.0.0', digest: digest('0') }),
  }))
  github.commit('main', Object.assign({}, ...files))
})
afterEach(() => github.remove())

/** What the registry has: for each chart the digest that is signed, or the exit code of cosign. */
function registry(charts: Readonly<Record<string, string | number>>) {
  const cases = Object.entries(charts).map(([chart, it]) =>
    typeof it === 'number'
      ? `registry.test/charts/${chart}) exit ${it} ;;`
      : `registry.test/charts/${chart}) echo '[{"critical":{"image":{"docker-manifest-digest":"${it}"}}}]' ;;`,
  )
  github.program(
    'cosign',
    `#!/bin/sh
[ "$*" = "verify --output json --certificate-oidc-issuer https://token.actions.githubusercontent.com --certificate-identity ${identity} $8" ] || exit 2
case $8 in
${cases.join('\n')}
*) exit 11 ;;
esac
`,
  )
}
const run = (script: string) => github.script(script, ['registry.test', 'flotilla-example/flotilla'])
const pending = async () => {
  const { failed, out, err } = await run('pending')
  if (failed) throw new Error(err)
  return JSON.parse(out)
}

describe.skipIf(!hasScripts)('a release is', { timeout: 60_000 }, () => {
  test('nothing that staging pins', async () => {
    registry({})
    expect(await pending()).toEqual([])
  })

  test.for([
    ['that is not in the registry', 11],
    ['whose chart was pushed and not signed', 10],
  ] as const)('to be made of a version %s', async ([, code]) => {
    raise('order', '1.1.0')
    registry({ 'order:1.1.0': code })
    expect(await pending()).toEqual([{ service: 'order', version: '1.1.0', digest: null }])
  })

  test('made when its chart is signed by the release workflow', async () => {
    raise('order', '1.1.0')
    registry({ 'order:1.1.0': digest('1') })
    expect(await pending()).toEqual([{ service: 'order', version: '1.1.0', digest: digest('1') }])
  })

  test.for([1, 12])('neither when the registry cannot tell, or somebody else signed (exit code %i)', async (code) => {
    raise('order', '1.1.0')
    registry({ 'order:1.1.0': code })
    await expect(pending()).rejects.toThrow('whether the registry has order 1.1.0')
  })

  test('pending where staging has a version without a digest, or no chart at all', async () => {
    const file = chartFile('staging', 'order')
    const manifest = chartManifest({ service: 'order', version: '1.0.0', digest: digest('0') })
    github.commit('main', { [file]: manifest.replace(/ +digest: .*\n/, '') })
    registry({ 'order:1.0.0': digest('1') })
    expect(await pending()).toMatchObject([{ service: 'order', version: '1.0.0' }])
    github.git('rm', '--quiet', file)
    github.commit('main', { 'README.md': '' })
    expect(await pending()).toMatchObject([{ service: 'order', version: '1.0.0' }])
  })
})

describe.skipIf(!hasScripts)('staging is to have', { timeout: 60_000 }, () => {
  test('what is published, by a pull request that merges itself', async () => {
    raise('order', '1.1.0')
    raise('payment', '1.1.0')
    registry({ 'order:1.1.0': digest('1') })
    expect(await run('stage')).toMatchObject({ failed: false })
    expect(github.pullRequests).toMatchObject([{ headRefName: branch, merge: 'auto' }])
    expect(pinned('order', github.show(branch, chartFile('staging', 'order')) ?? '')).toEqual({
      service: 'order',
      version: '1.1.0',
      digest: digest('1'),
    })
  })

  test('also when a run before it ended halfway, each service by itself', async () => {
    raise('order', '1.1.0')
    raise('payment', '1.1.0')
    registry({ 'order:1.1.0': digest('1'), 'payment:1.1.0': digest('2') })
    await run('stage')
    const [, payment] = github.pullRequests
    expect(github.pullRequests.map(({ title }) => title)).toEqual([
      'release(staging): order 1.1.0',
      'release(staging): payment 1.1.0',
    ])
    expect(github.show(payment?.headRefName ?? '', chartFile('staging', 'order'))).toContain('tag: 1.0.0')
  })

  test('the newest only', async () => {
    raise('order', '1.1.0')
    registry({ 'order:1.1.0': digest('1'), 'order:1.2.0': digest('2') })
    await run('stage')
    raise('order', '1.2.0')
    await run('stage')
    expect(github.pullRequests).toMatchObject([
      { title: 'release(staging): order 1.1.0', state: 'CLOSED' },
      { title: 'release(staging): order 1.2.0', state: 'OPEN' },
    ])
  })

  test('nothing that was taken back', async () => {
    raise('order', '1.1.0')
    registry({ 'order:1.1.0': digest('1') })
    await run('stage')
    github.end(1, 'MERGED')
    expect(await run('stage')).toMatchObject({ failed: false, out: expect.stringContaining('left alone') })
    expect(github.pullRequests).toHaveLength(1)
  })

  test('and merges nothing by itself once somebody has stopped that', async () => {
    raise('order', '1.1.0')
    registry({ 'order:1.1.0': digest('1') })
    await run('stage')
    github.pullRequests = github.pullRequests.map(({ merge: _, ...it }) => it)
    await run('stage')
    expect(github.pullRequests[0]).not.toHaveProperty('merge')
  })
})
