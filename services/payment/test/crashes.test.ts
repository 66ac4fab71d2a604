import { describe, expect, it } from 'vitest'
import type { Call, Fault } from './fake-processor.ts'
import { cancelled, createWorld, due, startPayments, statusOf, told, type World } from './paying.ts'

/** Kills the service, and starts another on its database. */
async function restart(before: { kill(): Promise<void> }, world: World) {
  await before.kill()
  return startPayments(world)
}

describe('P3: a process that dies while it calls the card processor', () => {
  it.each<[string, Call, Fault]>([
    ['before the intent is created', 'createIntent', 'stuck'],
    ['after the intent was created', 'createIntent', 'stuck-after'],
    ['before the card is charged', 'confirm', 'stuck'],
    ['after the card was charged', 'confirm', 'stuck-after'],
  ])('%s leaves a card that is charged exactly once', async (_when, call, fault) => {
    const world = createWorld()
    const before = await startPayments(world)
    world.processor.faults[call] = [fault]
    await world.broker.deliver(due())
    await world.clock.settle()
    const after = await restart(before, world)
    await world.clock.pass(25_000)
    // The one that died may only be slow: until its lease has run out, nobody else calls.
    expect(told(world)).toEqual([])
    await world.clock.passUntil(() => told(world).length > 0)
    await world.clock.pass(120_000)
    expect([told(world), statusOf(after)]).toEqual([['payment.captured.v1'], 'captured'])
    expect(world.processor.money).toEqual({ charged: 1, refunded: 0 })
  })

  it.each<[string, Call, Fault]>([
    ['before it asks for refunds', 'refunded', 'stuck'],
    ['before the refund', 'refund', 'stuck'],
    ['after the refund', 'refund', 'stuck-after'],
  ])('%s leaves a payment that is refunded exactly once', async (_when, call, fault) => {
    const world = createWorld()
    const before = await startPayments(world)
    await world.broker.deliver(due())
    await world.clock.settle()
    world.processor.faults[call] = [fault]
    await world.broker.deliver(cancelled())
    await world.clock.settle()
    const after = await restart(before, world)
    await world.clock.pass(120_000)
    expect([told(world), statusOf(after)]).toEqual([['payment.captured.v1', 'payment.refunded.v1'], 'refunded'])
    expect(world.processor.money).toEqual({ charged: 1, refunded: 1 })
  })

  it('and hears of the cancellation only after its restart gives the money back', async () => {
    const world = createWorld()
    const before = await startPayments(world)
    world.processor.faults.confirm = ['stuck-after']
    await world.broker.deliver(due())
    await world.clock.settle()
    const after = await restart(before, world)
    await world.broker.deliver(cancelled())
    await world.clock.pass(120_000)
    expect([statusOf(after), world.processor.money]).toEqual(['refunded', { charged: 1, refunded: 1 }])
  })

  it('past the deadline finds out whether the card was charged before it says anything', async () => {
    for (const fault of ['stuck', 'stuck-after'] as const) {
      const world = createWorld()
      const before = await startPayments(world)
      world.processor.faults.confirm = [fault]
      await world.broker.deliver(due())
      await world.clock.settle()
      await before.kill()
      await world.clock.leap(3_600_000)
      const after = await startPayments(world)
      await world.clock.pass(30_000)
      const charged = fault === 'stuck-after'
      expect(told(world)).toEqual([charged ? 'payment.captured.v1' : 'payment.declined.v1'])
      expect(statusOf(after)).toBe(charged ? 'captured' : 'declined')
      expect(world.processor.money.charged).toBe(charged ? 1 : 0)
    }
  })

  it('with a result that was not published leaves it to whoever sweeps', async () => {
    const world = createWorld()
    const before = await startPayments(world)
    world.broker.away = true
    await world.broker.deliver(due())
    await world.clock.settle()
    await before.kill()
    world.broker.away = false
    await startPayments(world)
    await world.clock.passUntil(() => told(world).length > 0)
    expect(told(world)).toEqual(['payment.captured.v1'])
  })
})

const calls: Call[] = ['createIntent', 'confirm', 'retrieve', 'cancel', 'refund', 'refunded']
const kinds: (Fault | undefined)[] = [undefined, undefined, '500', '500-after', 'silent', 'silent-after', 'slow']

describe('P3: money follows the order through any faults, crashes and duplicates', () => {
  it.each(Array.from({ length: 20 }, (_, index) => index + 1))('seed %i', async (seed) => {
    const world = createWorld(seed)
    const { broker, clock, processor } = world
    const pick = <T>(things: readonly T[]) => things[Math.floor(clock.random() * things.length)] as T
    for (const call of calls) processor.faults[call] = Array.from({ length: 4 }, () => pick(kinds))
    processor.failingRefunds = pick([0, 1, 2])
    const method = pick(['pm_good', 'pm_good', 'pm_pending', 'pm_declined', 'pm_action'])
    const isCancelled = clock.random() < 0.6
    let running = await startPayments(world)
    const waiting = [due(method), due(method), ...(isCancelled ? [cancelled(), cancelled()] : [])]
    for (let step = 0; step < 12; step += 1) {
      const [next] = waiting.splice(Math.floor(clock.random() * waiting.length), 1)
      if (next) expect(await broker.deliver(next)).toEqual({ kind: 'done' })
      await clock.pass(Math.floor(clock.random() * 8_000))
      if (clock.random() < 0.25) running = await restart(running, world)
    }
    await clock.pass(8 * 60_000)
    const { charged, refunded } = processor.money
    const status = statusOf(running)
    if (isCancelled) {
      expect(charged).toBe(refunded)
      expect(['shut', 'cancelled', 'refunded', 'declined']).toContain(status)
    } else {
      expect(refunded).toBe(0)
      expect(status).toBe(method === 'pm_good' || method === 'pm_pending' ? 'captured' : 'declined')
      expect(charged).toBe(status === 'captured' ? 1 : 0)
    }
    expect(charged).toBeLessThanOrEqual(1)
    expect(broker.deadLetters).toEqual([])
    const left = running.sqlite.prepare('SELECT count(*) AS n FROM due_work').get()
    expect(left?.n).toBe(0)
  })
})
