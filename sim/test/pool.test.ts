import { describe, expect, test } from 'vitest'
import { type Progress, runMany } from '../src/pool.ts'

const fleet = new URL('./stand-in.ts', import.meta.url)

describe('many runs', () => {
  test('the same seeds come to the same, whatever the number of workers', async () => {
    const [one, three] = await Promise.all([
      runMany({ from: 1, runs: 450, workers: 1, fleet }),
      runMany({ from: 1, runs: 450, workers: 3, fleet }),
    ])
    expect(three).toEqual(one)
    expect(one).toMatchObject({ runs: 450, steps: 4_500, simulated: 450 * 86_400_000 })
  })

  test('the fleet itself comes to the same in one worker as in two, run after other runs', {
    timeout: 60_000,
  }, async () => {
    const [one, two] = await Promise.all([
      runMany({ from: 1, runs: 40, workers: 1 }),
      runMany({ from: 1, runs: 40, workers: 2 }),
    ])
    expect(two).toEqual(one)
    expect(one).toMatchObject({ runs: 40, failures: [] })
    expect(one.counts['path: order confirmed']).toBeGreaterThan(0)
  })

  test('counts are added up, and failures are in the order of their seeds', async () => {
    const { counts, failures } = await runMany({ from: 1, runs: 300, workers: 2, fleet })
    expect(counts).toEqual({
      'fault: lost broker send': 200,
      'fault: lost order-db transact': 400,
      'path: order confirmed': 300,
    })
    expect(failures).toEqual(
      [13, 113, 213].map((seed) => ({
        seed,
        findings: [{ promise: 'P1', about: 'order o1', what: 'came to no end' }],
      })),
    )
  })

  test('it ends with the chunk that makes enough failures, the same whatever the number of workers', async () => {
    const until = { failures: 2 }
    const one = await runMany({ from: 1, runs: 100_000, workers: 1, fleet, until })
    const three = await runMany({ from: 1, runs: 100_000, workers: 3, fleet, until })
    expect(three).toEqual(one)
    expect(one.failures.map(({ seed }) => seed)).toEqual([13, 113])
    expect(one.runs).toBe(128)
  })

  test('a run that throws is a failure with its seed', async () => {
    const { runs, failures } = await runMany({ from: 998, runs: 3, workers: 1, fleet })
    expect(runs).toBe(3)
    expect(failures).toMatchObject([
      { seed: 999, findings: [{ promise: 'run', what: expect.stringContaining('wits’ end') }] },
    ])
  })

  test('a worker that dies is a failure that names its seed, and the other seeds are run all the same', async () => {
    const { runs, failures, counts } = await runMany({ from: 601, runs: 100, workers: 2, fleet })
    expect(runs).toBe(100)
    expect(counts['path: order confirmed']).toBe(99)
    expect(failures).toMatchObject([
      { seed: 613 },
      { seed: 666, findings: [{ promise: 'worker', what: expect.stringContaining('nobody handles this') }] },
    ])
  })

  test.each([
    ['waits for ever', 777],
    ['never yields', 888],
  ])('a run that %s is a failure that names its seed', async (_, seed) => {
    const { runs, failures } = await runMany({ from: seed - 1, runs: 3, workers: 1, fleet, patience: 3_000 })
    expect(runs).toBe(3)
    expect(failures).toMatchObject([{ seed, findings: [{ promise: 'worker', what: 'it gave no result for 3 s' }] }])
  })

  test('it ends when that is wanted, with what is done', async () => {
    const end = new AbortController()
    const seen: Progress[] = []
    const onProgress = (progress: Progress) => {
      seen.push(progress)
      if (progress.runs > 0) end.abort()
    }
    const until = { signal: end.signal }
    const { runs } = await runMany({ from: 1, runs: Infinity, workers: 2, fleet, onProgress, every: 0.02, until })
    expect(runs).toBeGreaterThanOrEqual(seen.at(-1)?.runs ?? Infinity)
  })

  test('a fleet that cannot be imported is an error, not a failure of a seed', async () => {
    const none = new URL('./no-such-fleet.ts', import.meta.url)
    await expect(runMany({ from: 1, runs: 10, workers: 2, fleet: none })).rejects.toThrow(/cannot start.*no-such-fleet/)
  })

  test('a mutation that is not there is an error that names it', async () => {
    const mutated = runMany({ from: 1, runs: 10, workers: 1, fleet, mutation: 'no-such-mutation' })
    await expect(mutated).rejects.toThrow(/cannot start.*no-such-mutation/)
  })
})
