import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  bootstrapFile,
  change,
  filledIn,
  imageTag,
  neverReady,
  nextVersion,
  releases,
  versionOf,
} from '../src/layout.ts'
import { Repository } from '../src/repository.ts'

const source = resolve(import.meta.dirname, '../..')

describe('what is known of deploy/', () => {
  let repository: Repository
  beforeAll(async () => {
    repository = await Repository.from({ source, bare: '/nowhere', branch: 'main' })
  })
  afterAll(() => repository.close())

  it.each(releases)('rolls %s by a version of its chart and a tag', async (release) => {
    const before = await versionOf(repository, release)
    const version = nextVersion(before, 7)
    await change(repository, release, { version, values: imageTag('next') })
    expect(await versionOf(repository, release)).toBe(version)
    expect(version).not.toBe(before)
    const local = readFileSync(join(repository.folder, `deploy/helm/${release}/ci/local-values.yaml`), 'utf8')
    expect(parse(local).image.tag).toBe('next')
  })

  it('breaks a release by a value that its chart has', () => {
    const values = parse(readFileSync(join(source, 'deploy/helm/order/values.yaml'), 'utf8'))
    for (const [[first = '', second = '']] of neverReady) expect(values[first]).toHaveProperty(second)
  })

  it('knows every fact that the bootstrap asks for, and refuses one more', () => {
    const text = readFileSync(join(source, bootstrapFile), 'utf8')
    const facts = { git_url: 'http://git/', git_branch: 'main', alert_address: 'http://alerts/', volumes: '/v' }
    expect(filledIn(text, facts)).not.toContain('${')
    expect(() => filledIn(`${text}\${region}`, facts)).toThrow('region}, which nobody knows')
  })
})

describe('a version of a release', () => {
  it('is another with each push, also after one was taken back', () => {
    expect(new Set([nextVersion('1.0.0', 1), nextVersion('1.1.1', 2), nextVersion('1.0.0', 3)]).size).toBe(3)
  })

  it('is refused when it is none', () => {
    expect(() => nextVersion('latest', 1)).toThrow('latest is no version')
  })
})
