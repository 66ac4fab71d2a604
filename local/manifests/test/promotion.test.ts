import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chartFile, chartManifest, noRelease, pin, pinned, promote } from '../src/promotion.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const one = { service: 'order', version: '1.1.0', digest: digest('1') } as const
const two = { service: 'order', version: '1.2.0', digest: digest('2') } as const

let repository: string
beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'flotilla-promotion-'))
  for (const environment of ['staging', 'production'] as const) {
    const file = join(repository, chartFile(environment, 'order'))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, noRelease)
  }
})
afterEach(() => rmSync(repository, { recursive: true }))

const manifest = (environment: 'staging' | 'production') =>
  readFileSync(join(repository, chartFile(environment, 'order')), 'utf8')

test('a pin is read as it was written', () => {
  expect(pinned('order', chartManifest(one))).toEqual(one)
})

test('the name of the source carries the version, and the release names it', () => {
  expect(chartManifest(one)).toContain('kind: OCIRepository\nmetadata:\n  name: order-1.1.0\n')
  expect(chartManifest(one)).toContain('    kind: OCIRepository\n    name: order-1.1.0\n')
})

test('what has no release pins nothing', () => {
  expect(pinned('order', noRelease)).toBeUndefined()
})

test('a pin without a digest is none', () => {
  expect(() => pinned('order', chartManifest(one).replace(/ {4}digest: .*\n/, ''))).toThrow(
    'the chart.yaml of order has no tag with a digest: pin it',
  )
})

test('pinning staging leaves production alone', () => {
  expect(pin(repository, 'staging', one)).toBe('deploy/flux/apps/staging/order/chart.yaml')
  expect(pinned('order', manifest('staging'))).toEqual(one)
  expect(manifest('production')).toBe(noRelease)
})

test('production gets the digest that staging runs', () => {
  pin(repository, 'staging', one)
  expect(promote(repository, 'order')).toEqual(one)
  expect(manifest('production')).toBe(manifest('staging'))
})

test('what staging has proven is promoted', () => {
  pin(repository, 'staging', one)
  expect(promote(repository, 'order', manifest('staging'))).toEqual(one)
})

test('what staging has left behind is not promoted', () => {
  pin(repository, 'staging', two)
  expect(() => promote(repository, 'order', chartManifest(one))).toThrow(
    'staging has gone on from order 1.1.0 to 1.2.0',
  )
  expect(manifest('production')).toBe(noRelease)
})

test('what staging does not run is not promoted', () => {
  expect(() => promote(repository, 'order')).toThrow('order has no release in staging yet')
  pin(repository, 'staging', one)
  expect(() => promote(repository, 'order', noRelease)).toThrow('order has no release in staging yet')
  expect(manifest('production')).toBe(noRelease)
})

test.for([
  ['a range', { ...one, version: '>=1.0.0' }, 'is no exact version'],
  ['build metadata', { ...one, version: '1.0.0+1' }, 'is no exact version'],
  ['a tag for a digest', { ...one, digest: 'latest' }, 'is no digest'],
] as const)('%s cannot be pinned', ([, it, message]) => {
  expect(() => chartManifest(it)).toThrow(message)
})

test('a folder that is no repository is refused by name', () => {
  expect(() => pin(repository, 'staging', { ...one, service: 'payment' })).toThrow(
    'there is no deploy/flux/apps/staging/payment/chart.yaml',
  )
})
