import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { applyMutation, mutate } from '../src/mutant.ts'
import { mutations } from '../src/mutations.ts'

const sourceOf = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

describe('planted bugs fit the source as it is today', () => {
  it.each(mutations)('$name', ({ changes }) => {
    for (const [file, of] of Map.groupBy(changes, ({ file }) => file)) {
      const source = sourceOf(file)
      const mutated = mutate(source, of)
      expect(mutated).not.toBe(source)
      expect(() => stripTypeScriptTypes(mutated)).not.toThrow()
    }
  })

  it('have names of their own', () => {
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length)
  })
})

/** What a thread of its own decides of a cancelled order that holds stock. */
async function released(mutation?: string): Promise<unknown> {
  const at = (file: string) => JSON.stringify(new URL(`../../${file}`, import.meta.url).href)
  const apply = mutation && `(await import(${at('sim/src/mutant.ts')})).applyMutation(${JSON.stringify(mutation)})`
  const code = `(async () => {
    ${apply ?? ''}
    const { decide } = await import(${at('services/inventory/src/domain/decide.ts')})
    const held = { orderId: 'one', status: 'held', lines: [], at: 0, deadline: 1 }
    const command = { type: 'Release', orderId: 'one', at: 0, deadline: 1 }
    require('node:worker_threads').parentPort.postMessage(decide({ items: new Map(), reservation: held }, command))
  })()`
  const worker = new Worker(code, { eval: true })
  try {
    return await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  } finally {
    await worker.terminate()
  }
}

describe('a planted bug', () => {
  it('is in what a thread imports after it', async () => {
    expect(await released('stock-not-given-back')).toEqual({ accepted: true, events: [] })
  })

  it('is in no file', async () => {
    expect(await released()).toEqual({ accepted: true, events: [{ type: 'Released' }] })
  })
})

describe('a mutation is refused', () => {
  const change = { file: 'a.ts', find: 'one', replace: 'two' }

  it('when its text is not in the source', () => {
    expect(() => mutate('nothing', [change])).toThrow('is in a.ts not at all')
  })

  it('when its text is there more than once', () => {
    expect(() => mutate('one and one', [change])).toThrow('is in a.ts 2 times')
  })

  it('when nobody knows its name', () => {
    expect(() => applyMutation('perfect')).toThrow('there is no mutation "perfect"')
  })
})
