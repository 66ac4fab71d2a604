import { systemClock } from '@flotilla/decider/clock'
import { expect, test } from 'vitest'
import { createOverload } from '../src/overload.ts'
import { TestClock } from '../src/testing-clock.ts'

const crowd = 32

test('requests are refused while the loop is slow, and taken again after', async () => {
  const clock = new TestClock()
  let delay = 0
  const overload = createOverload({ clock, maxLoopDelayMs: 100, sampleMs: 50, loopDelayMs: () => delay })
  expect(overload.refusal(crowd + 1)).toBeUndefined()
  delay = 101
  await clock.pass(100)
  expect(overload.refusal(crowd + 1)).toMatchObject({
    status: 503,
    slug: 'overloaded',
    options: { headers: { 'retry-after': '1' } },
  })
  delay = 100
  await clock.pass(50)
  expect(overload.refusal(crowd + 1)).toBeUndefined()
})

test('a slow loop refuses only the crowd: a few are late, and answered', async () => {
  const clock = new TestClock()
  const overload = createOverload({ clock, crowd, sampleMs: 50, loopDelayMs: () => 10_000 })
  await clock.pass(100)
  expect(overload.refusal(crowd)).toBeUndefined()
  expect(overload.refusal(crowd + 1)).toMatchObject({ slug: 'overloaded' })
})

test('a pause, however long, is no overload', async () => {
  const clock = new TestClock()
  let delay = 0
  const overload = createOverload({ clock, maxLoopDelayMs: 100, sampleMs: 50, loopDelayMs: () => delay })
  for (const each of [10_000, 0, 10_000, 0]) {
    delay = each
    await clock.pass(50)
    expect(overload.refusal(crowd + 1)).toBeUndefined()
  }
})

test('the loop is looked at until it is closed', async () => {
  const clock = new TestClock()
  let looks = 0
  const overload = createOverload({ clock, sampleMs: 50, loopDelayMs: () => ++looks })
  await clock.pass(150)
  expect(looks).toBe(3)
  overload.close()
  await clock.pass(150)
  expect(looks).toBe(3)
})

test('a real loop whose turns are long is seen to be slow', async () => {
  const overload = createOverload({ clock: systemClock, maxLoopDelayMs: 20, sampleMs: 100 })
  const block = (ms: number) => {
    const until = performance.now() + ms
    while (performance.now() < until);
  }
  const until = performance.now() + 4_000
  while (overload.refusal(crowd + 1) === undefined && performance.now() < until) {
    block(60)
    await new Promise(setImmediate)
  }
  expect(overload.refusal(crowd + 1)).toMatchObject({ slug: 'overloaded' })
  overload.close()
})
