import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { edited, Repository } from '../src/repository.ts'

const release = `# who reads this
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: order
spec:
  values:
    image: { tag: dev } # the release
`

describe('an edit of a manifest', () => {
  it('changes one value, and keeps comments and order', () => {
    const text = edited(release, (document) => document.setIn(['spec', 'values', 'image', 'tag'], 'next'))
    expect(text).toBe(release.replace('tag: dev', 'tag: next'))
  })

  it('refuses what is no YAML', () => {
    expect(() => edited('a: [', () => {})).toThrow('Flow sequence')
  })
})

describe('the repository that Flux reads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-e2e-test-'))
  const bare = join(folder, 'bare.git')
  const git = (...args: string[]) => execFileSync('git', ['--git-dir', bare, ...args]).toString()
  let repository: Repository

  beforeAll(async () => {
    mkdirSync(join(folder, 'source/deploy/flux'), { recursive: true })
    writeFileSync(join(folder, 'source/deploy/flux/order.yaml'), release)
    execFileSync('git', ['init', '--quiet', '--bare', bare])
    repository = await Repository.from({ source: join(folder, 'source'), bare, branch: 'main' })
  })
  afterAll(async () => {
    await repository.close()
    rmSync(folder, { recursive: true })
  })

  it('holds deploy/ of the source after the first push', async () => {
    const commit = await repository.push('the first release')
    expect(git('rev-parse', 'main').trim()).toBe(commit)
    expect(git('show', 'main:deploy/flux/order.yaml')).toBe(release)
  })

  it('holds a change after a push, and not after it was taken back', async () => {
    await repository.edit('deploy/flux/order.yaml', (document) =>
      document.setIn(['spec', 'values', 'image', 'tag'], 'next'),
    )
    await repository.push('the next release')
    expect(git('show', 'main:deploy/flux/order.yaml')).toContain('tag: next')
    await repository.revert('the first release again')
    expect(git('show', 'main:deploy/flux/order.yaml')).toBe(release)
    expect(git('log', '--format=%s', 'main').trim().split('\n')).toEqual([
      'the first release again',
      'the next release',
      'the first release',
    ])
  })
})
