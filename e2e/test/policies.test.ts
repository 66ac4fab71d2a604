import { describe, expect, it } from 'vitest'
import { judge, reaches } from '../src/policies.ts'

const reach = { from: 'e2e/pod/stranger', may: ['gateway:80'], mayNot: ['order:80', 'cosmos:80'] }

describe('the judgement of network policies', () => {
  it('is good when what is open is what must be', () => {
    const assertions = judge(reach, { 'gateway:80': true, 'order:80': false, 'cosmos:80': false })
    expect(assertions.map(({ broken }) => broken)).toEqual([undefined, undefined])
  })

  it('names what is open and must not be', () => {
    const [, mayNot] = judge(reach, { 'gateway:80': true, 'order:80': true, 'cosmos:80': false })
    expect(mayNot?.broken).toBe('order:80')
  })

  it('names what is closed and must not be, as where nothing is open at all', () => {
    const [may] = judge(reach, { 'gateway:80': false, 'order:80': false, 'cosmos:80': false })
    expect(may?.broken).toBe('gateway:80')
  })

  it('takes no answer for none', () => {
    expect(judge(reach, {}).map(({ broken }) => broken)).toEqual(['gateway:80', 'order:80, cosmos:80'])
  })
})

describe('who may reach whom', () => {
  it('has for each closed door somebody to whom it is open', () => {
    const all = reaches(['order', 'inventory', 'payment', 'notification'], {})
    const open = new Set(all.flatMap(({ may }) => may))
    expect(all.flatMap(({ mayNot }) => mayNot).filter((target) => !open.has(target))).toEqual([])
  })

  it('asks every service, and from each what no policy opens', () => {
    const names = ['order', 'inventory', 'payment', 'notification']
    const all = reaches(names, {})
    for (const name of [...names, 'gateway']) {
      const reach = all.find(({ from }) => from.endsWith(`/${name}`))
      expect(reach?.mayNot).toContain('alerts.e2e.svc.cluster.local:8080')
      expect(reach?.mayNot).toContain('kubernetes.default.svc.cluster.local:443')
      expect(reach?.may.length).toBeGreaterThan(0)
    }
  })
})
