import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chartFile, noRelease, pinned } from '../src/promotion.ts'
import { GitHub, hasScripts } from './github.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const zeroth = { service: 'order', version: '1.0.0', digest: digest('0') } as const
const first = { service: 'order', version: '1.1.0', digest: digest('1') } as const
const second = { service: 'order', version: '1.2.0', digest: digest('2') } as const
const firstBranch = `promote/order/1.1.0-${'1'.repeat(12)}`
const secondBranch = `promote/order/1.2.0-${'2'.repeat(12)}`
const production = chartFile('production', 'order')
const values = 'deploy/flux/apps/production/order/values.yaml'

let github: GitHub
beforeEach(() => {
  github = new GitHub()
  github.pin('production', zeroth)
})
afterEach(() => github.remove())

/** Flux in staging runs a commit. */
const proven = (commit: string) => github.script('promote', ['order', `refs/heads/main@sha1:${commit}`])
const fine = { failed: false, err: '' }

describe.skipIf(!hasScripts)('a release is promoted by pull request', { timeout: 60_000 }, () => {
  test('with the digest that staging runs, on a branch of its own', async () => {
    expect(await proven(github.pin('staging', first))).toMatchObject(fine)
    expect(github.pullRequests).toMatchObject([{ headRefName: firstBranch, title: 'release(production): order 1.1.0' }])
    expect(github.pullRequests[0]?.body).toContain(first.digest)
    expect(pinned('order', github.show(firstBranch, production) ?? '')).toEqual(first)
  })

  test('once, however often Flux says so, and over nothing that people added', async () => {
    const commit = github.pin('staging', first)
    await proven(commit)
    github.commit(firstBranch, { [values]: 'of production' })
    github.commit('main', { 'README.md': 'main goes on' })
    expect(await proven(commit)).toMatchObject({ ...fine, out: expect.stringContaining('it is proposed already') })
    expect(github.pullRequests).toHaveLength(1)
    expect(github.show(firstBranch, values)).toBe('of production')
  })

  test('and a newer one comes in its place, which leaves the work of people where it is', async () => {
    await proven(github.pin('staging', first))
    github.commit(firstBranch, { [values]: 'of production' })
    expect(await proven(github.pin('staging', second))).toMatchObject(fine)
    const [old, latest] = github.pullRequests
    expect(old).toMatchObject({ state: 'CLOSED', comments: [expect.stringContaining(latest?.url ?? '?')] })
    expect(latest).toMatchObject({ state: 'OPEN', headRefName: secondBranch })
    expect(github.show(firstBranch, values)).toBe('of production')
    expect(github.show(secondBranch, values)).toBeUndefined()
  })

  test('which closes nothing of another service, of a fork, or of a person', async () => {
    const other = { url: '?', state: 'OPEN', title: '', body: '', isCrossRepository: false } as const
    const [app, person] = [{ is_bot: true }, { is_bot: false }]
    github.pullRequests = [
      { ...other, number: 1, comments: [], author: app, headRefName: 'promote/payment/1.1.0-1' },
      { ...other, number: 2, comments: [], author: app, headRefName: firstBranch, isCrossRepository: true },
      { ...other, number: 3, comments: [], author: person, headRefName: 'promote/order/mine' },
    ]
    expect(await proven(github.pin('staging', first))).toMatchObject(fine)
    expect(github.pullRequests.map(({ state }) => state)).toEqual(['OPEN', 'OPEN', 'OPEN', 'OPEN'])
  })

  test('not when production has it', async () => {
    const commit = github.pin('staging', first)
    github.pin('production', first)
    expect(await proven(commit)).toMatchObject({ ...fine, out: expect.stringContaining('nothing to propose') })
    expect(github.pullRequests).toEqual([])
  })

  test('not before there is a release in staging', async () => {
    const commit = github.commit('main', { [chartFile('staging', 'order')]: '# No release yet.\n' })
    expect(await proven(commit)).toMatchObject({ ...fine, out: expect.stringContaining('nothing to promote') })
  })

  test.for(['MERGED', 'CLOSED'] as const)('not again when it was %s, but by hand', async (state) => {
    const commit = github.pin('staging', first)
    await proven(commit)
    github.commit(firstBranch, { [values]: 'of production' })
    github.end(1, state)
    expect(await proven(commit)).toMatchObject({ ...fine, out: expect.stringContaining('left alone') })
    expect(github.pullRequests).toHaveLength(1)
    expect(await github.script('promote', ['--by-hand', 'order'])).toMatchObject(fine)
    const [old, latest] = github.pullRequests
    expect(latest).toMatchObject({
      state: 'OPEN',
      headRefName: `${firstBranch}_2`,
      body: expect.stringContaining(old?.url ?? '?'),
    })
    expect(github.show(firstBranch, values)).toBe('of production')
    expect(await proven(commit)).toMatchObject({ ...fine, out: expect.stringContaining('it is proposed already') })
    github.end(2, 'CLOSED')
    expect(await proven(commit)).toMatchObject({ ...fine, out: expect.stringContaining(`${latest?.url} proposed it`) })
    expect(github.pullRequests).toHaveLength(2)
  })

  test('by hand from a branch that merges, whatever production got since it was proposed first', async () => {
    await proven(github.pin('staging', first))
    await proven(github.pin('staging', second))
    github.end(2, 'MERGED')
    github.pin('production', second)
    github.pin('staging', first)
    expect(await github.script('promote', ['--by-hand', 'order'])).toMatchObject(fine)
    const branch = github.pullRequests[2]?.headRefName ?? '?'
    github.git('fetch', '--quiet')
    github.git('merge-tree', '--write-tree', 'origin/main', `origin/${branch}`)
    expect(pinned('order', github.show(branch, production) ?? '')).toEqual(first)
  })

  test('also when the attempt before ended between branch and pull request', async () => {
    const commit = github.pin('staging', first)
    await proven(commit)
    github.pullRequests = []
    expect(await proven(commit)).toMatchObject(fine)
    expect(github.pullRequests).toMatchObject([{ headRefName: firstBranch }])
  })
})

describe.skipIf(!hasScripts)('what staging took back is not to be merged for production', { timeout: 60_000 }, () => {
  const states = () => github.pullRequests.map(({ headRefName, state }) => [headRefName, state])

  test('when production has what staging went back to', async () => {
    await proven(github.pin('staging', first))
    const back = github.pin('staging', zeroth)
    expect(await proven(back)).toMatchObject({ ...fine, out: expect.stringContaining('main has it already') })
    expect(states()).toEqual([[firstBranch, 'CLOSED']])
    expect(github.pullRequests[0]?.comments).toEqual([expect.stringContaining('Staging no longer runs it')])
  })

  test('but what staging went back to, which only its successor had closed', async () => {
    await proven(github.pin('staging', first))
    await proven(github.pin('staging', second))
    expect(await proven(github.pin('staging', first))).toMatchObject(fine)
    expect(states()).toEqual([
      [firstBranch, 'CLOSED'],
      [secondBranch, 'CLOSED'],
      [`${firstBranch}_2`, 'OPEN'],
    ])
  })

  test('and neither what staging went back to, if somebody closed that', async () => {
    await proven(github.pin('staging', first))
    github.end(1, 'CLOSED')
    await proven(github.pin('staging', second))
    const back = github.pin('staging', first)
    expect(await proven(back)).toMatchObject({ ...fine, out: expect.stringContaining('left alone') })
    expect(states()).toEqual([
      [firstBranch, 'CLOSED'],
      [secondBranch, 'CLOSED'],
    ])
  })

  test('when staging has no release any more, unless that is no longer so', async () => {
    const none = { [chartFile('staging', 'order')]: noRelease }
    const before = github.commit('main', none)
    await proven(github.pin('staging', first))
    await proven(before)
    expect(states()).toEqual([[firstBranch, 'OPEN']])
    expect(await proven(github.commit('main', none))).toMatchObject(fine)
    expect(states()).toEqual([[firstBranch, 'CLOSED']])
  })
})

describe.skipIf(!hasScripts)('what is not proven is not promoted', { timeout: 60_000 }, () => {
  test('a message without a commit', async () => {
    github.pin('staging', first)
    for (const revision of ['', 'refs/heads/main', `main@sha1:${'0'.repeat(40)}`])
      expect(await github.script('promote', ['order', revision])).toMatchObject({ failed: true })
    expect(github.pullRequests).toEqual([])
  })

  test('a commit that is not on main', async () => {
    github.pin('staging', first)
    const elsewhere = github.commit('elsewhere', { 'README.md': '' })
    expect(await proven(elsewhere)).toMatchObject({ failed: true, err: expect.stringContaining('is not on main') })
  })

  test('a service that is none', async () => {
    expect(await github.script('promote', ['--by-hand', '../order'])).toMatchObject({
      failed: true,
      err: expect.stringContaining('there is no service ../order'),
    })
  })

  test('what staging has left behind', async () => {
    const commit = github.pin('staging', first)
    github.pin('staging', second)
    expect(await proven(commit)).toMatchObject({ failed: true, err: expect.stringContaining('staging has gone on') })
    expect(github.branches()).toEqual(['main'])
  })
})
