import { describe, expect, it } from 'vitest'
import { isGood, type Outcome, reportOf } from '../src/report.ts'

const good: Outcome = {
  phases: [{ name: 'order rolled', seconds: 30, requests: 1, failed: [], p50: 4, p99: 9, slowest: 12 }],
  attempts: [{ door: 'gateway', at: 0, took: 4, status: 202, said: '0197' }],
  rollouts: [{ what: 'order 1.0.0 to 1.1.0', seconds: 31.24 }],
  assertions: [{ what: 'pods are restricted', broken: undefined }],
  findings: [],
  orders: { confirmed: 1, cancelled: 0 },
}
const refused = { door: 'order', at: 0, took: 3, status: 0, said: 'ECONNRESET socket hang up' }

describe('the verdict', () => {
  it('is good when every request was accepted and everything holds', () => {
    expect(isGood(good)).toBe(true)
    expect(reportOf(good)).toContain(
      '1 orders placed, 0 requests failed, 1 confirmed, 0 cancelled\nevery promise is kept',
    )
  })

  it.each<[string, Partial<Outcome>]>([
    ['one request failed', { attempts: [...good.attempts, refused] }],
    ['nothing was asked', { attempts: [] }],
    ['something does not hold', { assertions: [{ what: 'pods are restricted', broken: 'order is not' }] }],
    ['a promise is broken', { findings: [{ promise: 'P1', about: '0197', what: 'is still placed' }] }],
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
})
