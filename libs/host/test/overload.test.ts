import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createOverload } from '../src/overload.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('requests are refused while the loop is slow, and taken again after', () => {
  let delay = 0
  const overload = createOverload({ maxLoopDelayMs: 100, sampleMs: 50, loopDelayMs: () => delay })
  expect(overload.refusal()).toBeUndefined()
  delay = 101
  vi.advanceTimersByTime(50)
  expect(overload.refusal()).toMatchObject({
    status: 503,
    slug: 'overloaded',
    options: { headers: { 'retry-after': '1' } },
  })
  delay = 100
  vi.advanceTimersByTime(50)
  expect(overload.refusal()).toBeUndefined()
  overload.close()
  expect(vi.getTimerCount()).toBe(0)
})

test('a real loop whose turns are long is seen to be slow', async () => {
  vi.useRealTimers()
  const overload = createOverload({ maxLoopDelayMs: 20, sampleMs: 100 })
  const block = (ms: number) => {
    const until = performance.now() + ms
    while (performance.now() < until);
  }
  const until = performance.now() + 4_000
  while (overload.refusal() === undefined && performance.now() < until) {
    block(60)
    await new Promise(setImmediate)
  }
  expect(overload.refusal()).toMatchObject({ slug: 'overloaded' })
  overload.close()
})
