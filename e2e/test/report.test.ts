import { describe, expect, it } from 'vitest'
import { isGood, type Outcome, reportOf } from '../src/report.ts'

const good: Outcome = {
  phases: [{ name: 'order rolled', seconds: 30, requests: 1, failed: [], p50: 4, p99: 9, slowest: 12 }],
  attempts: [{ door: 'gateway', sequence: 0, at: 0, took: 4, status: 202, said: '0197' }],
  rollouts: [{ what: 'order 1.0.0 to 1.1.0', seconds: 31.24 }],
  assertions: [{ what: 'pods are restricted', broken: undefined }],
  notDone: [],
  findings: [],
  ends: { confirmed: 1, cancelled: { 'payment-declined': 2 } },
}
const refused = { door: 'order', sequence: 0, at: 0, took: 3, status: 0, said: 'ECONNRESET socket hang up' }

describe('the verdict', () => {
  it('is good when every request was accepted and everything holds', () => {
    expect(isGood(good)).toBe(true)
    expect(reportOf(good)).toContain(
      '1 orders placed, 0 requests failed, 1 confirmed, ' +
        '2 cancelled: 2 payment-declined, 0 out-of-stock, 0 expired (all as asked)\nevery promise is kept',
    )
  })

  it.each<[string, Partial<Outcome>]>([
    ['one request failed', { attempts: [...good.attempts, refused] }],
    ['nothing was asked', { attempts: [] }],
    ['something does not hold', { assertions: [{ what: 'pods are restricted', broken: 'order is not' }] }],
    ['a promise is broken', { findings: [{ promise: 'P1', about: '0197', what: 'is still placed' }] }],
    [
      'an order ended as nobody asked',
      { findings: [{ promise: 'P7', about: '0197', what: 'was cancelled: expired' }] },
    ],
    ['none was confirmed', { ends: { confirmed: 0, cancelled: { 'payment-declined': 3 } } }],
    ['ends are not known', { ends: undefined }],
    ['the promises were not checked', { findings: undefined }],
  ])('is not good when %s', (_, change) => {
    expect(isGood({ ...good, ...change })).toBe(false)
    expect(reportOf({ ...good, ...change })).not.toContain('every promise is kept')
  })

  it('shows each failed request with its door and reason', () => {
    expect(reportOf({ ...good, attempts: [refused] })).toContain(
      'FAILED  1970-01-01T00:00:00.000Z order after 3.0 ms: ECONNRESET socket hang up',
    )
  })

  it('says that orders ended as nobody asked, and which', () => {
    const lost = { promise: 'P7', about: '0197', what: 'was cancelled: expired' } as const
    const text = reportOf({ ...good, findings: [lost], ends: { confirmed: 3, cancelled: { expired: 1 } } })
    expect(text).toContain('BROKEN  P7 0197 was cancelled: expired')
    expect(text).toContain('3 confirmed, 1 cancelled: 0 payment-declined, 0 out-of-stock, 1 expired (NOT as asked)')
  })

  it('says what the cluster could not show', () => {
    expect(reportOf({ ...good, notDone: ['drain of a node: only one takes pods'] })).toContain(
      'not done: drain of a node: only one takes pods',
    )
  })
})
