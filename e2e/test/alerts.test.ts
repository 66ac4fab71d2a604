import { describe, expect, it } from 'vitest'
import { failuresOf, isUpgradeOf } from '../src/alerts.ts'

/** As notification-controller 1.9 posts it. */
const alert = {
  involvedObject: { kind: 'HelmRelease', namespace: 'order', name: 'order', apiVersion: 'helm.toolkit.fluxcd.io/v2' },
  severity: 'error',
  message: 'Helm upgrade failed for release order/order with chart order@1.1.7+1: context deadline exceeded',
  reason: 'UpgradeFailed',
  metadata: { 'app-version': '1.0.0', revision: '1.1.7+1' },
  reportingController: 'helm-controller',
}
const said = (...change: object[]) => change.map((each) => JSON.stringify({ ...alert, ...each }))
const isMeant = isUpgradeOf('order', '1.1.7')

describe('what Flux alerts', () => {
  it('is a failed upgrade of one version', () => {
    expect(failuresOf(said({}))).toEqual([{ release: 'order', reason: 'UpgradeFailed', version: '1.1.7' }])
    expect(failuresOf(said({})).some(isMeant)).toBe(true)
  })

  it.each<[string, object]>([
    ['an earlier version', { metadata: { revision: '1.1.6+1' } }],
    ['no version', { metadata: undefined }],
    ['another release', { involvedObject: { ...alert.involvedObject, name: 'payment' } }],
    ['a failed test', { reason: 'TestFailed' }],
  ])('is another failure: %s', (_, change) => {
    expect(failuresOf(said(change))).toHaveLength(1)
    expect(failuresOf(said(change)).some(isMeant)).toBe(false)
  })

  it.each<[string, object]>([
    ['no error', { severity: 'info', reason: 'UpgradeSucceeded' }],
    ['another kind', { involvedObject: { ...alert.involvedObject, kind: 'GitRepository' } }],
    ['an artifact that comes later', { reason: 'ArtifactFailed' }],
  ])('is no failure of a release: %s', (_, change) => {
    expect(failuresOf(said(change))).toEqual([])
  })

  it('may be what nobody can read', () => {
    expect(failuresOf(['{"unreadable":"x"}', '"x"', 'unable to retrieve container logs'])).toEqual([])
  })
})
