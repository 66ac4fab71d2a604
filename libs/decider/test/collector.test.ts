import { describe, expect, test } from 'vitest'
import { type Collected, createCollector } from '../src/collector.ts'

interface Item extends Collected {
  readonly name: string
}
const item = (name: string, ...keys: string[]): Item => ({ name, keys })

/** A collector whose turns and flights end when the test says so. */
function collect(pace: 'turn' | 'flight') {
  const turns: (() => void)[] = []
  const flights: { readonly names: string[]; readonly land: () => Promise<void> }[] = []
  const collector = createCollector<Item>(
    pace,
    (run) => void turns.push(run),
    (batch) => {
      const landed = Promise.withResolvers<void>()
      const land = async () => {
        landed.resolve()
        // The collector hears of it in a later microtask.
        await new Promise(setImmediate)
      }
      flights.push({ names: batch.map(({ name }) => name), land })
      return landed.promise
    },
  )
  const turn = () => {
    for (const run of turns.splice(0)) run()
  }
  return { collector, turn, turns, flights, names: () => flights.map(({ names }) => names) }
}

describe.for(['turn', 'flight'] as const)('at the pace of a %s', (pace) => {
  test('what arrives in one turn is one batch, in the order of arrival', () => {
    const { collector, turn, names } = collect(pace)
    collector.add(item('a', 'x'))
    collector.add(item('b', 'y'))
    expect(names()).toEqual([])
    turn()
    expect(names()).toEqual([['a', 'b']])
  })

  test('commands on one key share a batch, in order', () => {
    const { collector, turn, names } = collect(pace)
    for (const name of ['a', 'b', 'c']) collector.add(item(name, 'x'))
    turn()
    expect(names()).toEqual([['a', 'b', 'c']])
  })

  test('what is put back goes before all others', () => {
    const { collector, turn, names } = collect(pace)
    collector.add(item('b', 'x'))
    collector.putBack(item('a', 'x'))
    turn()
    expect(names()).toEqual([['a', 'b']])
  })

  test('nothing is asked of the event loop when there is nothing to do', async () => {
    const { collector, turn, turns, flights } = collect(pace)
    collector.add(item('a', 'x'))
    turn()
    await flights[0]?.land()
    expect(turns).toEqual([])
  })

  test('a batch has its most, and the rest is next', () => {
    const { collector, turn, names } = collect(pace)
    const most = pace === 'turn' ? 1_000 : 200
    for (let index = 0; index <= most; index += 1) collector.add(item(`${index}`, `${index}`))
    turn()
    turn()
    expect(names().map(({ length }) => length)).toEqual([most, 1])
    expect(names()[1]).toEqual([`${most}`])
  })
})

describe('at the pace of a turn', () => {
  test('a batch does not wait for the one before', () => {
    const { collector, turn, names } = collect('turn')
    for (const name of ['a', 'b', 'c']) {
      collector.add(item(name, 'x'))
      turn()
    }
    expect(names()).toEqual([['a'], ['b'], ['c']])
  })
})

describe('at the pace of a flight', () => {
  test('two batches fly at most, and what arrives meanwhile is one next batch', async () => {
    const { collector, turn, names, flights } = collect('flight')
    for (const name of ['a', 'b', 'c', 'd']) {
      collector.add(item(name, name))
      turn()
    }
    expect(names()).toEqual([['a'], ['b']])
    await flights[1]?.land()
    turn()
    expect(names()).toEqual([['a'], ['b'], ['c', 'd']])
  })

  test('a key that flies is waited for, while others go on', async () => {
    const { collector, turn, names, flights } = collect('flight')
    collector.add(item('a', 'x'))
    turn()
    collector.add(item('b', 'x'))
    collector.add(item('c', 'y'))
    turn()
    expect(names()).toEqual([['a'], ['c']])
    await flights[0]?.land()
    turn()
    expect(names()).toEqual([['a'], ['c'], ['b']])
  })

  test('nobody overtakes a waiting command on any of its keys', async () => {
    const { collector, turn, names, flights } = collect('flight')
    collector.add(item('a', 'x'))
    turn()
    collector.add(item('b', 'x', 'y'))
    collector.add(item('c', 'y', 'z'))
    collector.add(item('d', 'z'))
    turn()
    expect(names()).toEqual([['a']])
    await flights[0]?.land()
    turn()
    expect(names()).toEqual([['a'], ['b', 'c', 'd']])
  })
})
