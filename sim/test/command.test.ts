import { execFile } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { command } from '../src/command.ts'
import { exitCodeOf, summaryOf } from '../src/report.ts'

const fleet = new URL('./stand-in.ts', import.meta.url)
const happens = 'path: order confirmed'

/** What `npm run sim` says and returns, with the stand-in for the fleet. */
async function sim(args: string, { expected = [happens], signal = new AbortController().signal } = {}) {
  let [out, err] = ['', '']
  const code = await command(args.split(' ').filter(Boolean), {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    isTerminal: false,
    ...{ signal, expected, fleet },
  })
  return { code, out, err }
}

describe('bad usage', () => {
  test.each([
    ['--runs none', '--runs: give a whole number from 1 to '],
    ['--runs 0', '--runs: give a whole number from 1 to '],
    ['--from 1.5', '--from: give a whole number from 0 to '],
    ['--runs 2 --from 9007199254740991', '--runs: give a whole number from 1 to 0'],
    ['--seconds 0', '--seconds: give a whole number from 1 to '],
    ['--workers 0', '--workers: give a whole number from 1 to '],
    ['--seed -1', '--seed'],
    ['--seed', '--seed'],
    ['--seed 7 --runs 3 --keep-going', 'leave out --runs, --keep-going'],
    ['--story', 'name it with --seed N'],
    ['--colour red', '--colour'],
    ['7', "'7'"],
  ])('%s is refused with 2, by the name of what is wrong', async (args, complaint) => {
    const { code, out, err } = await sim(args)
    expect(code).toBe(2)
    expect(err).toContain(complaint)
    expect(err).toContain('usage: npm run sim')
    expect(out).toBe('')
  })
})

describe('many runs', () => {
  test('0 when every promise was kept, with what happened how often', async () => {
    const { code, out } = await sim('--from 101 --runs 12 --workers 1')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^12 runs from seed 101 in [\d.]+ s: [\d,]+ runs\/s\n12 days simulated \(0 years\), 120 steps\n/,
    )
    expect(out).toContain(['', 'fault', '  lost broker send         8', '  lost order-db transact  16', ''].join('\n'))
    expect(out).toContain(['', 'path', '  order confirmed         12', ''].join('\n'))
    expect(out).toMatch(/\nno promise was broken\n$/)
  })

  test('1 when one was broken, with the first that failed, shrunk, and its story', async () => {
    const { code, out } = await sim('--runs 100 --workers 1')
    expect(code).toBe(1)
    expect(out).toContain('1 of 100 seeds failed\nseed 13\n  P1 order o1: came to no end\n')
    expect(out).toMatch(/\nseed 13 shrunk in \d+ runs\n {2}to 1 of \d+ scenes\n {4}order: name o\d, /)
    expect(out).toContain('and 0 of 3 strikes\n')
    expect(out).toContain('the story\n  0.000 s  ada  places o1\n  0.001 s  ada  knows of 1 scenes\n')
    expect(out).toMatch(/once more: npm run sim -- --seed 13\n$/)
  })

  test('it ends at the fifth seed that fails, and goes on only when told to', async () => {
    const [ended, wentOn] = [
      await sim('--runs 650 --workers 2 --json'),
      await sim('--runs 650 --workers 2 --keep-going --json'),
    ].map(({ out }) => JSON.parse(out))
    expect(ended).toMatchObject({ runs: 418, failures: [13, 113, 213, 313, 413].map((seed) => ({ seed })) })
    expect(wentOn.runs).toBe(650)
    expect(wentOn.failures).toHaveLength(7)
  })

  test('what never happened is named', async () => {
    const expected = [happens, 'fault: death broker send']
    const { code, out } = await sim('--from 14 --runs 90 --workers 1', { expected })
    expect(out).toContain('never happened (an error from 10,000 runs on)\n  fault: death broker send\n')
    expect(code).toBe(0)
  })

  test.each([
    [9_999, [happens], 0],
    [10_000, [], 0],
    [10_000, [happens], 1],
  ])('after %i runs, %j that never happened makes the exit code %i', (runs, expected, code) => {
    const totals = { runs, steps: 1, simulated: 1, counts: { 'path: order cancelled': 1 }, failures: [] }
    expect(exitCodeOf(summaryOf(totals, 1, 1, expected))).toBe(code)
  })

  test('in JSON, everything is on one line', async () => {
    const { code, out } = await sim('--from 101 --runs 13 --workers 1 --json', { expected: ['path: order lost'] })
    expect(code).toBe(1)
    expect(out.trimEnd()).not.toContain('\n')
    expect(JSON.parse(out)).toMatchObject({
      from: 101,
      runs: 13,
      steps: 130,
      simulated: 13 * 86_400_000,
      counts: { [happens]: 13 },
      never: ['path: order lost'],
      failures: [{ seed: 113, findings: [{ promise: 'P1' }] }],
      smallest: {
        plan: { seed: 113, scenes: [{ kind: 'order' }], strikes: [] },
        result: { findings: [{ promise: 'P1' }] },
      },
    })
  })

  test('with --seconds it ends by itself, with as many runs as fit', async () => {
    const { code, out } = await sim('--from 2000000 --seconds 1 --workers 1 --keep-going --json')
    const { runs, seconds } = JSON.parse(out)
    expect(runs).toBeGreaterThan(1_000)
    expect(seconds).toBeGreaterThanOrEqual(1)
    expect(code).toBe(1)
  })

  test('no run at all is no success', async () => {
    const { code, out } = await sim('--runs 10', { signal: AbortSignal.abort() })
    expect(out).toContain('no run was done')
    expect(code).toBe(1)
  })
})

describe('one seed', () => {
  test('0 and a line when it broke nothing; its story on request', async () => {
    const quiet = await sim('--seed 14')
    expect(quiet.code).toBe(0)
    expect(quiet.out).toMatch(/^seed 14 broke no promise: .*\n$/)
    const told = await sim('--seed 14 --story')
    expect(told.code).toBe(0)
    expect(told.out).toMatch(/^the story\n {2}0.000 s {2}ada {2}places o1\n/)
    expect(told.out).toContain(quiet.out)
  })

  test('1 with its findings, and what is left of it, when it broke a promise', async () => {
    const { code, out } = await sim('--seed 13')
    expect(code).toBe(1)
    expect(out).toMatch(/^seed 13\n {2}P1 order o1: came to no end\n\nseed 13 shrunk in /)
    expect(out).toContain('the story\n')
    expect(out).toMatch(/once more: npm run sim -- --seed 13\n$/)
  })

  test('1 when it threw, and when its worker died', async () => {
    const [thrown, dead] = [await sim('--seed 999'), await sim('--seed 666')]
    expect(thrown.code).toBe(1)
    expect(thrown.out).toContain('seed 999\n  run seed 999: it threw: Error: this run is at its wits’ end')
    expect(dead.code).toBe(1)
    expect(dead.out).toContain('seed 666\n  worker seed 666: its worker died: Error: nobody handles this')
  })
})

describe('the process', () => {
  const main = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const cwd = new URL('..', import.meta.url)
      const child = execFile(process.execPath, ['src/main.ts', ...args], { cwd }, (_, out, err) => {
        resolve({ code: child.exitCode ?? -1, out, err })
      })
    })

  test('runs the fleet itself, and exits with 0', { timeout: 60_000 }, async () => {
    const { code, out, err } = await main('--runs', '2', '--workers', '1')
    expect(err).toBe('')
    expect(out).toMatch(/^2 runs from seed 1 [\s\S]*\nno promise was broken\n$/)
    expect(code).toBe(0)
  })

  test('exits with 2 when it is not understood', async () => {
    const { code, out, err } = await main('--runs', 'some')
    expect(err).toContain("--runs: give a whole number from 1 to 9007199254740990, not 'some'")
    expect(out).toBe('')
    expect(code).toBe(2)
  })
})
