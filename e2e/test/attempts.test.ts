import { describe, expect, it } from 'vitest'
import { type Attempt, figuresOf, readLine, sparse } from '../src/attempts.ts'

const attempt = (at: number, took: number, status = 202): Attempt => ({
  door: 'gateway',
  sequence: 0,
  at,
  took,
  status,
  said: 'x',
})

describe('the accounting of requests', () => {
  it('reads what the load says of a request', () => {
    expect(readLine('["gateway",7,1700000000000,3.4,202,"0197"]')).toEqual({
      door: 'gateway',
      sequence: 7,
      at: 1_700_000_000_000,
      took: 3.4,
      status: 202,
      said: '0197',
    })
  })

  it('reads how many there were', () => {
    expect(readLine('{"placed":12}')).toEqual({ placed: 12 })
  })

  it.each(['', 'listening', '{}', '{"placed":-1}', '["gateway",1,2]', '["gateway",0,1,2,"202","x"]'])(
    'refuses %j as a request',
    (line) => {
      expect(() => readLine(line)).toThrow('the load said what is no request')
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

describe('a phase', () => {
  const phases = [{ name: 'one', from: 0, to: 12_000 }]
  const load = { doors: ['gateway'], perSecond: 10 }
  const placed = (count: number) => Array.from({ length: count }, (_, index) => attempt(index, 1))

  it('shows something when nine tenths of what was due were placed, give or take two seconds', () => {
    expect(sparse(phases, placed(90), load)).toEqual([])
    expect(sparse(phases, placed(89), load)).toEqual(['one: 89 orders through gateway, not 90'])
  })

  it('shows nothing of a door through which nothing came', () => {
    expect(sparse(phases, placed(200), { ...load, doors: ['gateway', 'order'] })).toEqual([
      'one: 0 orders through order, not 90',
    ])
  })

  it('counts a failed request as placed: it is judged by itself', () => {
    const failed = placed(90).map((it) => ({ ...it, status: 503 }))
    expect(sparse(phases, failed, load)).toEqual([])
  })
})
