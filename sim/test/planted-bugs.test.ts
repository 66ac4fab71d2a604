import { beforeAll, describe, expect, it } from 'vitest'
import { mutations } from '../src/mutations.ts'
import { type Hunted, hunt } from '../src/planted.ts'
import { runMany } from '../src/pool.ts'

/** Those that may take more are sought by `npm run sim -- --planted` only. */
const runsAtMost = 100
const sought = mutations.filter(({ within }) => within <= runsAtMost)

describe('the simulation finds planted bugs', () => {
  const found = new Map<string, Hunted>()

  beforeAll(async () => {
    for (const hunted of await hunt(sought, { lanes: 1 })) found.set(hunted.mutation.name, hunted)
  }, 600_000)

  it.each(sought)('$name: $says', ({ name, within, breaks }) => {
    const { seed, findings } = found.get(name) as Hunted
    expect(seed, `nothing was found within ${within} runs`).toBeDefined()
    expect(breaks).toContain(findings[0]?.promise)
  })

  it('and in the same runs nothing where none is planted', { timeout: 600_000 }, async () => {
    const runs = Math.max(...[...found.values()].map(({ runs }) => runs))
    expect(await runMany({ from: 1, runs, workers: 1 })).toMatchObject({ runs, failures: [] })
  })
})
