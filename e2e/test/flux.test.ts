import { describe, expect, it } from 'vitest'
import { otherVersions, type Reconciled, type Revision, unready } from '../src/flux.ts'
import { type Pod, programPod } from '../src/pods.ts'
import { isBack, notRolled, unexpected } from '../src/releases.ts'

const revision = (change: Partial<Revision> = {}): Revision => ({
  version: 2,
  chartVersion: '1.0.0+1',
  configDigest: 'sha256:a',
  status: 'deployed',
  ...change,
})

const release = (status: Reconciled['status'], generation = 1): Reconciled => ({
  kind: 'HelmRelease',
  metadata: { name: 'order', namespace: 'order', generation },
  spec: {},
  ...(status && { status }),
})

const condition = (status: 'True' | 'False', reason = 'UpgradeSucceeded') => ({
  type: 'Ready',
  status,
  reason,
  message: 'm',
})

describe('what is waited for', () => {
  it('is nothing when Flux is ready at the newest spec', () => {
    expect(unready([release({ observedGeneration: 1, conditions: [condition('True')] })])).toEqual([])
  })

  it.each<[string, Reconciled]>([
    ['no status', release(undefined)],
    ['another generation', release({ observedGeneration: 1, conditions: [condition('True')] }, 2)],
    ['not ready', release({ observedGeneration: 1, conditions: [condition('False', 'UpgradeFailed')] })],
  ])('names what is not ready: %s', (_, object) => {
    expect(unready([object])).toHaveLength(1)
    expect(unready([object])[0]).toContain('HelmRelease order/order')
  })

  it('takes the build metadata of source-controller for the same version', () => {
    expect(otherVersions([release({ history: [revision()] })], { order: '1.0.0' })).toEqual([])
  })

  it.each<[string, readonly Revision[]]>([
    ['another version', [revision({ chartVersion: '1.0.1+1' })]],
    ['a failed one', [revision({ status: 'failed' })]],
    ['an older one', [revision({ chartVersion: '1.0.1+1' }), revision({ version: 1 })]],
    ['none', []],
  ])('does not take %s for the release', (_, history) => {
    expect(otherVersions([release({ history })], { order: '1.0.0' })).toHaveLength(1)
  })
})

describe('a release that was rolled back', () => {
  it('is a later revision with the chart and values of the good one', () => {
    expect(isBack(revision(), revision({ version: 4 }))).toBe(true)
  })

  it.each<[string, Partial<Revision>]>([
    ['nothing happened yet', {}],
    ['the broken one is being tried', { version: 3, chartVersion: '1.0.1+1', status: 'pending-upgrade' }],
    ['the broken one is there', { version: 3, chartVersion: '1.0.1+1' }],
    ['its values are others', { version: 4, configDigest: 'sha256:b' }],
    ['it is not deployed', { version: 4, status: 'pending-rollback' }],
  ])('is not back when %s', (_, change) => {
    expect(isBack(revision(), revision(change))).toBe(false)
  })
})

describe('one commit', () => {
  const before = new Map([
    ['order', 1],
    ['inventory', 1],
    ['payment', 1],
    ['notification', 1],
    ['stand-ins', 1],
  ] as const)
  const ofOrder = (service: string) => (service === 'order' ? 1 : 0)

  it('is one upgrade of what it changes', () => {
    expect(unexpected(before, new Map([...before, ['order', 2]] as const), ofOrder)).toEqual([])
  })

  it('is not two, and none of another service', () => {
    expect(unexpected(before, new Map([...before, ['order', 3], ['payment', 2]] as const), ofOrder)).toEqual([
      'order had 2 upgrades, not 1',
      'payment had 1 upgrades, not 0',
    ])
  })

  it('leaves the stand-ins alone', () => {
    expect(unexpected(before, new Map([...before, ['order', 2], ['stand-ins', 2]] as const), ofOrder)).toEqual([
      'stand-ins had 1 upgrades, not 0',
    ])
  })
})

describe('a service that was rolled', () => {
  const [, manifest] = programPod({ name: 'order-1', namespace: 'order', image: 'flotilla/order:1.1.0', program: '' })
  const pod = { ...manifest, metadata: { ...manifest?.metadata, uid: 'new' } } as unknown as Pod

  it('has new pods with the tag of the release', () => {
    expect(notRolled([pod], { tag: '1.1.0', old: new Set(['old']) })).toEqual([])
  })

  it('has no pod from before the commit, and none with another tag', () => {
    expect(notRolled([pod], { tag: '1.1.0', old: new Set(['new']) })).toEqual([
      'order/order-1 was there before the commit',
    ])
    expect(notRolled([pod], { tag: '1.2.0', old: new Set() })).toEqual(['order/order-1 runs flotilla/order:1.1.0'])
  })
})
