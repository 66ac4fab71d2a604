import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chartsOf } from '../src/history.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-history-'))
  git('init', '--quiet', '--initial-branch=main')
})
afterEach(() => rmSync(folder, { recursive: true }))

function git(...args: string[]): void {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@flotilla.example']
  execFileSync('git', ['-C', folder, ...identity, ...args])
}

function commit(version: string, values: string): void {
  mkdirSync(join(folder, 'deploy/helm/order'), { recursive: true })
  writeFileSync(join(folder, 'deploy/helm/order/Chart.yaml'), `name: order\nversion: "${version}"\n`)
  writeFileSync(join(folder, 'deploy/helm/order/values.yaml'), values)
  git('add', '.')
  git('commit', '--quiet', '--message', version)
}

const values = (into: string) => readFileSync(join(into, 'deploy/helm/order/values.yaml'), 'utf8')

test('charts are those of the last commit that has the version', async () => {
  commit('1.0.0', 'one: 1\n')
  commit('1.1.0', 'two: 1\n')
  commit('1.1.0', 'two: 2\n')
  commit('1.2.0', 'three: 1\n')
  commit('1.2.0', 'three: 2\n')
  const into = join(folder, 'into')
  expect(await chartsOf(folder, 'order', '1.1.0', into)).toBe(true)
  expect(values(into)).toBe('two: 2\n')
  expect(await chartsOf(folder, 'order', '1.2.0', into)).toBe(true)
  expect(values(into)).toBe('three: 2\n')
})

test('a version that came by a merge is found at the merge', async () => {
  commit('1.0.0', 'one: 1\n')
  git('switch', '--quiet', '--create', 'change')
  commit('1.1.0', 'draft: 1\n')
  commit('1.1.1', 'done: 1\n')
  git('switch', '--quiet', 'main')
  git('merge', '--quiet', '--no-ff', '--message', 'merge', 'change')
  const into = join(folder, 'into')
  expect(await chartsOf(folder, 'order', '1.1.1', into)).toBe(true)
  expect(values(into)).toBe('done: 1\n')
  // Of a branch, so never published.
  expect(await chartsOf(folder, 'order', '1.1.0', into)).toBe(false)
})

test('what a branch has made of a version is not what was published with it', async () => {
  commit('0.9.0', 'zero: 1\n')
  commit('1.0.0', 'published: 1\n')
  git('update-ref', 'refs/remotes/origin/main', 'HEAD')
  git('switch', '--quiet', '--create', 'change')
  commit('1.0.0', 'draft: 1\n')
  const into = join(folder, 'into')
  expect(await chartsOf(folder, 'order', '1.0.0', into)).toBe(true)
  expect(values(into)).toBe('published: 1\n')
  commit('1.1.0', 'draft: 2\n')
  rmSync(into, { recursive: true })
  expect(await chartsOf(folder, 'order', '1.0.0', into)).toBe(true)
  expect(values(into)).toBe('published: 1\n')
  expect(await chartsOf(folder, 'order', '0.9.0', into)).toBe(true)
  expect(values(into)).toBe('zero: 1\n')
  expect(await chartsOf(folder, 'order', '1.1.0', into)).toBe(false)
})

test('a version that is in no commit cannot be had', async () => {
  commit('1.0.0', 'one: 1\n')
  expect(await chartsOf(folder, 'order', '2.0.0', join(folder, 'into'))).toBe(false)
})
