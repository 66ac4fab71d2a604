import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { unraised } from '../src/versions.ts'

const charts = ['order', 'payment']
let repository: string
const git = (...args: string[]) => {
  const who = ['-c', 'user.name=Ann', '-c', 'user.email=ann@flotilla.test']
  execFileSync('git', ['-C', repository, ...who, ...args], { stdio: 'pipe' })
}
function commit(files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries(files)) {
    const file = join(repository, 'deploy/helm', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  git('add', '--all')
  git('commit', '--quiet', '--message', 'a commit')
}
const version = (it: string) => `name: any\nversion: ${it}\n`
const found = () => unraised({ repository, since: 'main', charts, environment: process.env })

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'flotilla-versions-'))
  git('init', '--quiet', '--initial-branch=main')
  commit({
    'order/Chart.yaml': version('1.9.0'),
    'payment/Chart.yaml': version('1.0.0'),
    'flotilla-lib/Chart.yaml': version('1.0.0'),
  })
  git('switch', '--quiet', '--create', 'change')
})
afterEach(() => rmSync(repository, { recursive: true }))

describe('what changes a package raises its version', () => {
  test.for(['templates/all.yaml', 'values.yaml', 'values.schema.json', 'Chart.lock', 'files/x.json'])(
    '%s',
    async (file) => {
      commit({ [`order/${file}`]: 'changed' })
      expect(await found()).toEqual([
        `order changed since main (deploy/helm/order/${file}), but its version 1.9.0 is not higher than 1.9.0, so no cluster would get it: ` +
          'raise version and appVersion in deploy/helm/order/Chart.yaml',
      ])
      commit({ 'order/Chart.yaml': version('1.10.0') })
      expect(await found()).toEqual([])
    },
  )

  test('the library, in every chart', async () => {
    commit({ 'flotilla-lib/templates/_pod.tpl': 'changed', 'order/Chart.yaml': version('2.0.0') })
    expect(await found()).toEqual([expect.stringContaining('payment changed since main (deploy/helm/flotilla-lib/')])
  })

  test('a file that is taken away', async () => {
    git('switch', '--quiet', 'main')
    commit({ 'order/templates/all.yaml': '' })
    git('switch', '--quiet', '--force-create', 'change', 'main')
    git('rm', '--quiet', 'deploy/helm/order/templates/all.yaml')
    git('commit', '--quiet', '--message', 'away')
    expect(await found()).toHaveLength(1)
  })

  test('to a higher one, by number', async () => {
    commit({ 'order/values.yaml': 'changed', 'order/Chart.yaml': version('1.10.0') })
    expect(await found()).toEqual([])
    commit({ 'order/Chart.yaml': version('1.8.9') })
    expect(await found()).toEqual([expect.stringContaining('version 1.8.9 is not higher than 1.9.0')])
  })

  test('before it is committed, too', async () => {
    writeFileSync(join(repository, 'deploy/helm/order/Chart.yaml'), `${version('1.9.0')}description: other\n`)
    expect(await found()).toHaveLength(1)
  })
})

describe('no version is needed for', () => {
  test('what is for tests and readers', async () => {
    commit({
      'order/tests/a_test.yaml': '',
      'order/ci/local-values.yaml': '',
      'order/README.md': '',
      'flotilla-lib/tests/common/a_test.yaml': '',
    })
    expect(await found()).toEqual([])
  })

  test('what main did since', async () => {
    git('switch', '--quiet', 'main')
    commit({ 'order/values.yaml': 'changed', 'order/Chart.yaml': version('2.0.0') })
    git('switch', '--quiet', 'change')
    expect(await found()).toEqual([])
  })

  test('a chart that is new', async () => {
    git('rm', '--quiet', '-r', 'deploy/helm/order')
    git('commit', '--quiet', '--message', 'before there was one')
    git('branch', '--quiet', '--force', 'main')
    commit({ 'order/Chart.yaml': version('1.0.0') })
    expect(await found()).toEqual([])
  })
})

test('a version that cannot be compared is refused by name', async () => {
  commit({ 'order/Chart.yaml': version('1.10') })
  await expect(found()).rejects.toThrow('version 1.10 in deploy/helm/order/Chart.yaml is none such as 1.4.0')
})

test('a commit that is not there is refused', async () => {
  await expect(unraised({ repository, since: 'origin/main', charts, environment: process.env })).rejects.toThrow(
    'git merge-base origin/main HEAD failed',
  )
})
