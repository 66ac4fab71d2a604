import { expect, test, vi } from 'vitest'
import { type BreakerState, DependencyUnavailable, dependency } from '../src/dependency.ts'

const broken = () => Promise.reject(new Error('connection refused'))
const fails = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as DependencyUnavailable,
  )

test('a call that does not answer is cut off at the timeout and its signal aborted', async () => {
  const slow = dependency({ name: 'sql', timeoutMs: 10 })
  let aborted = false
  const error = await fails(
    slow.call((signal) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      return new Promise(() => {})
    }),
  )
  expect(error).toMatchObject({ name: 'DependencyUnavailable', dependency: 'sql', reason: 'timeout' })
  expect(aborted).toBe(true)
})

test('what is safe to repeat is repeated a bounded number of times', async () => {
  const flaky = dependency({ name: 'sql', timeoutMs: 1_000, retry: { attempts: 2, initialDelayMs: 1, maxDelayMs: 2 } })
  let calls = 0
  const answer = await flaky.call(async () => {
    if (++calls < 3) throw new Error('blip')
    return 'answer'
  })
  expect([answer, calls]).toEqual(['answer', 3])
  const counted = vi.fn(broken)
  expect(await fails(flaky.call(counted))).toMatchObject({ reason: 'failed', cause: new Error('connection refused') })
  expect(counted).toHaveBeenCalledTimes(3)
})

test('what must not be repeated is called once', async () => {
  const card = dependency({ name: 'card', timeoutMs: 1_000, retry: { attempts: 2, initialDelayMs: 1 } })
  const counted = vi.fn(broken)
  await fails(card.call(counted, { once: true }))
  expect(counted).toHaveBeenCalledTimes(1)
})

test('an answer that is no fault passes through, is not repeated and does not open the breaker', async () => {
  const declined = new Error('card declined')
  const card = dependency({
    name: 'card',
    timeoutMs: 1_000,
    retry: { attempts: 2, initialDelayMs: 1 },
    breaker: { failures: 1 },
    isFault: (error) => error !== declined,
  })
  const counted = vi.fn(() => Promise.reject(declined))
  expect(await fails(card.call(counted))).toBe(declined)
  expect(counted).toHaveBeenCalledTimes(1)
  expect(card.status().breaker).toBe('closed')
})

test('after so many failures the breaker refuses without calling, then probes, then closes', async () => {
  vi.useFakeTimers()
  try {
    const logged: string[] = []
    const logger = {
      error: (_: object, text: string) => logged.push(text),
      info: (_: object, text: string) => logged.push(text),
    }
    const sql = dependency({
      name: 'sql',
      timeoutMs: 1_000,
      breaker: { failures: 2, probeAfterMs: 100 },
      logger: logger as never,
    })
    const seen: BreakerState[] = []
    const forget = sql.watch((state) => seen.push(state))
    expect(sql.status()).toMatchObject({ name: 'sql', state: 'up', breaker: 'closed' })

    await fails(sql.call(broken))
    await fails(sql.call(broken))
    const counted = vi.fn(broken)
    expect(await fails(sql.call(counted))).toMatchObject({ reason: 'refused' })
    expect(counted).not.toHaveBeenCalled()
    expect(sql.status()).toMatchObject({ state: 'down', breaker: 'open', lastError: 'Error: connection refused' })

    vi.advanceTimersByTime(1_000)
    const since = new Date().toISOString()
    expect(await sql.call(async () => 'back')).toBe('back')
    expect(sql.status()).toEqual({ name: 'sql', state: 'up', breaker: 'closed', since })
    expect(seen).toEqual(['open', 'half-open', 'closed'])
    expect(logged).toEqual(['sql: breaker open', 'sql: breaker half-open', 'sql: breaker closed'])
    forget()
    await fails(sql.call(broken))
    await fails(sql.call(broken))
    expect(seen).toHaveLength(3)
  } finally {
    vi.useRealTimers()
  }
})

test('a caller that gives up says nothing about the dependency', async () => {
  const sql = dependency({ name: 'sql', timeoutMs: 1_000, retry: { attempts: 3 }, breaker: { failures: 1 } })
  const controller = new AbortController()
  const stuck = sql.call(
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    {
      signal: controller.signal,
    },
  )
  controller.abort(new Error('drained'))
  expect(await fails(stuck)).not.toBeInstanceOf(DependencyUnavailable)
  expect(sql.status().breaker).toBe('closed')
})
