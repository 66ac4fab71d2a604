import { Unavailable } from '@flotilla/decider/store'
import { describe, expect, it } from 'vitest'
import { Life } from '../src/life.ts'
import { createWorld, none } from './card-processing.ts'

const succeeded = { status: 'succeeded' }

describe('P3: at the simulated card processor', () => {
  it('a good card is charged, and nothing is left to wait for', async () => {
    const { created, processor, told, twin, story, time, rest } = createWorld()
    const id = await created('pm_card_visa')
    expect(await told(processor.retrieve(id))).toEqual({ status: 'unconfirmed' })
    expect(await told(processor.confirm(id, 'o1', 1))).toEqual(succeeded)
    expect(twin.intents()).toEqual([{ id, orderId: 'o1', currency: 'eur', received: 3400, refunded: 0 }])
    expect(story.at(-1)).toContain('confirm → card-processor: pi for order o1: succeeded')
    const { now } = time
    await rest()
    expect(time.now).toBe(now)
  })

  it('a bad card is declined with its reason, and so is one that nobody knows', async () => {
    const { created, processor, told, twin } = createWorld()
    const id = await created('pm_card_visa_chargeDeclinedInsufficientFunds')
    const declined = { status: 'declined', reason: 'insufficient_funds' }
    expect(await told(processor.confirm(id, 'o1', 1))).toEqual(declined)
    expect(await told(processor.retrieve(id))).toEqual(declined)
    expect(twin.intents()).toMatchObject([{ received: 0 }])
    await expect(created('pm_card_unknown')).rejects.toThrow('declined: resource_missing')
  })

  it('a charge without an answer is given up after 6 s, and found when it is asked for', async () => {
    const { created, processor, told, time, story, hindered } = createWorld()
    const id = await created('pm_card_timeout')
    const before = time.now
    await expect(told(processor.confirm(id, 'o1', 1))).rejects.toThrow(Unavailable)
    expect(time.now - before).toBe(6_000)
    expect(story.at(-1)).toContain('pi for order o1: succeeded, and no answer')
    expect(await told(processor.retrieve(id))).toEqual(succeeded)
    expect(await told(processor.confirm(id, 'o1', 1))).toEqual(succeeded)
    expect(hindered.map(([from, to]) => Math.round(to - from))).toEqual([6_000])
  })

  it('a charge whose answer is lost on the way back has happened', async () => {
    const { chaos, created, processor, told } = createWorld()
    const id = await created('pm_card_visa')
    chaos.places.add('lost card-processor confirm')
    await expect(told(processor.confirm(id, 'o1', 1))).rejects.toThrow(Unavailable)
    expect(await told(processor.retrieve(id))).toEqual(succeeded)
  })

  it('nothing happens in an outage', async () => {
    const { away, created, processor, told, twin } = createWorld()
    const id = await created('pm_card_visa')
    away.add('card-processor')
    await expect(told(processor.confirm(id, 'o1', 1))).rejects.toThrow(Unavailable)
    expect(twin.intents()).toMatchObject([{ received: 0 }])
  })

  it.each([
    ['refused', 0],
    ['lost', 3400],
  ] as const)('a 500 is answered for good under its key (%s)', async (fault, received) => {
    const { chaos, created, processor, told, twin } = createWorld()
    const id = await created('pm_card_visa')
    chaos.places.add(`${fault} card-processor confirm 500`)
    for (let times = 0; times < 3; times += 1) {
      await expect(told(processor.confirm(id, 'o1', 1))).rejects.toThrow(Unavailable)
    }
    expect(twin.intents()).toMatchObject([{ received }])
    expect(await told(processor.confirm(id, 'o1', 2))).toEqual(succeeded)
    expect(twin.intents()).toMatchObject([{ received: 3400 }])
  })

  it('too many requests are not kept under their key', async () => {
    const { chaos, created, processor, told } = createWorld()
    const id = await created('pm_card_visa')
    chaos.places.add('refused card-processor confirm 429')
    await expect(told(processor.confirm(id, 'o1', 1))).rejects.toThrow(Unavailable)
    expect(await told(processor.confirm(id, 'o1', 1))).toEqual(succeeded)
  })

  it('a charge that takes its time is answered when it is done, or at once, as under way', async () => {
    const answers = new Set<string>()
    for (let seed = 1; seed <= 8; seed += 1) {
      const { created, processor, told, time, pass } = createWorld({ seed })
      const id = await created('pm_card_slow')
      const before = time.now
      const { status } = await told(processor.confirm(id, 'o1', 1))
      expect(status).toBe(time.now - before < 3_000 ? 'processing' : 'succeeded')
      answers.add(status)
      await pass(3_000)
      expect(await told(processor.retrieve(id))).toEqual(succeeded)
    }
    expect(answers).toEqual(new Set(['processing', 'succeeded']))
  })

  it('a refund is pending, then done, and never given twice', async () => {
    const { created, processor, told, twin, pass } = createWorld()
    const id = await created('pm_card_refund_pending')
    await told(processor.confirm(id, 'o1', 1))
    expect(await told(processor.refund(id, 'o1', 1))).toBe('pending')
    expect(twin.intents()).toMatchObject([{ received: 3400, refunded: 0 }])
    await pass(2_000)
    expect(await told(processor.refunded(id))).toMatchObject({ state: 'succeeded' })
    expect(await told(processor.refund(id, 'o1', 2))).toBe('succeeded')
    expect(twin.intents()).toMatchObject([{ received: 3400, refunded: 3400 }])
  })

  it('a process that died hears nothing, though its card was charged', async () => {
    const { chaos, created, processor, time, twin, life, rest } = createWorld()
    const id = await created('pm_card_visa')
    chaos.places.add('death card-processor confirm unheard')
    const heard: unknown[] = []
    processor.confirm(id, 'o1', 1).then(
      (state) => heard.push(state),
      (error: unknown) => heard.push(error),
    )
    await time.settle()
    await rest()
    expect([life.alive, heard]).toEqual([false, []])
    expect(twin.intents()).toMatchObject([{ received: 3400 }])
  })

  it('processes that ask at the same moment share the book, and each has its own way to it', async () => {
    const { world, created, processor, told, twin, story } = createWorld()
    const id = await created('pm_card_visa')
    const other = twin.connect(new Life(world, 'payment-2', 2, 0))
    expect(await told(Promise.all([processor.retrieve(id), other.confirm(id, 'o1', 1)]))).toContainEqual(succeeded)
    expect(story.filter((line) => line.includes('payment-1 retrieve'))).toHaveLength(1)
    expect(story.filter((line) => line.includes('payment-2 confirm'))).toHaveLength(1)
  })
})

describe('a run of the card processor', () => {
  const rates = { ...none, refused: 0.1, lost: 0.1, slow: 0.05 }
  const cards = ['pm_card_visa', 'pm_card_slow', 'pm_card_500_after', 'pm_card_timeout', 'pm_card_refund_fails_once']

  async function run(seed: number) {
    const { created, processor, told, twin, story } = createWorld({ seed, rates })
    const faults: string[] = []
    const attempt = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await call()
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        faults.push(error.message)
        return undefined
      }
    }
    for (const [index, card] of cards.entries()) {
      const orderId = `o${index}`
      const id = await attempt(() => created(card, orderId))
      if (id === undefined) continue
      for (let times = 1; times <= 3; times += 1) await attempt(() => told(processor.confirm(id, orderId, times)))
    }
    return { book: twin.intents(), story, faults }
  }

  it('is the same for the same seed, and another for another', async () => {
    const [first, again, other] = [await run(7), await run(7), await run(8)]
    expect(again).toEqual(first)
    expect(first.faults).not.toEqual([])
    expect(other.story).not.toEqual(first.story)
  })

  it('begins with an empty book, and with the same ids', async () => {
    const { twin, created } = createWorld()
    await created('pm_card_visa')
    const [first] = twin.intents()
    twin.reset()
    expect(twin.intents()).toEqual([])
    await created('pm_card_visa')
    expect(twin.intents()[0]?.id.slice(-16)).toBe(first?.id.slice(-16))
  })
})
