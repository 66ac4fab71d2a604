import { describe, expect, it } from 'vitest'
import { type Attempt, figuresOf, readAttempt } from '../src/attempts.ts'

const attempt = (at: number, took: number, status = 202): Attempt => ({ door: 'gateway', at, took, status, said: 'x' })

describe('the accounting of requests', () => {
  it('reads what the load says of a request', () => {
    expect(readAttempt('["gateway",1700000000000,3.4,202,"0197"]')).toEqual({
      door: 'gateway',
      at: 1_700_000_000_000,
      took: 3.4,
      status: 202,
      said: '0197',
    })
  })

  it.each(['', 'listening', '{}', '["gateway",1,2]', '["gateway",1,2,"202","x"]'])(
    'refuses %j as a request',
    (line) => {
      expect(() => readAttempt(line)).toThrow('the load said what is no request')
    },
  )

  it('counts a request in the phase in which it was sent, and in no other', () => {
    const phases = [
      { name: 'one', from: 0, to: 100 },
      { name: 'two', from: 100, to: 200 },
    ]
    const [one, two] = figuresOf(phases, [
      attempt(-1, 1),
      attempt(0, 1),
      attempt(99, 50),
      attempt(100, 1),
      attempt(200, 1),
    ])
    expect([one?.requests, two?.requests]).toEqual([2, 1])
  })

  it.each([200, 400, 429, 500, 502, 503, 0])('counts status %d as a failed request', (status) => {
    const [figures] = figuresOf([{ name: 'one', from: 0, to: 10 }], [attempt(1, 5), attempt(2, 5, status)])
    expect(figures?.failed.map((failed) => failed.status)).toEqual([status])
  })

  it('measures only what was accepted: a quick refusal makes no phase look fast', () => {
    const accepted = Array.from({ length: 100 }, (_, index) => attempt(1, index + 1))
    const [figures] = figuresOf([{ name: 'one', from: 0, to: 10 }], [...accepted, attempt(1, 0.1, 503)])
    expect(figures).toMatchObject({ requests: 101, p50: 51, p99: 100, slowest: 100 })
  })
})
