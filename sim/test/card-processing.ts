import type { NewIntent } from '@flotilla/payment/outbound/card-processor'
import { expect } from 'vitest'
import { createCardProcessorTwin } from '../src/card-processor.ts'
import { Chaos, type Rates } from '../src/chaos.ts'
import { Life } from '../src/life.ts'
import { Random } from '../src/random.ts'
import { Tally } from '../src/tally.ts'
import { Time } from '../src/time.ts'
import type { World } from '../src/world.ts'
import { none, start } from './worlds.ts'

export { none }

/** Strikes once at each place that is named; what is not named is left to the rates. */
class Forced extends Chaos {
  readonly places = new Set<string>()

  override strikes(fault: keyof Rates, where: string): boolean {
    return this.places.delete(`${fault} ${where}`) || super.strikes(fault, where)
  }
}

/** A world with a card processor and one process of payment; nothing strikes unless it is asked for. */
export function createWorld({ seed = 1, rates = none }: { seed?: number; rates?: Rates } = {}) {
  const time = new Time(start)
  const tally = new Tally()
  const chaos = new Forced(seed, rates, tally)
  const story: string[] = []
  const away = new Set<string>()
  const hindered: [number, number][] = []
  const world: World = {
    time,
    chaos,
    tally,
    latency: new Random(seed, 'latency'),
    isAway: (dependency) => away.has(dependency),
    hindered: (_dependency, from, to) => hindered.push([from - start, to - start]),
    tell: (who, what) => story.push(`${time.now - start} ${who} ${what()}`),
    broken: ({ what }) => expect.unreachable(what),
  }
  const twin = createCardProcessorTwin(world, { slow: 3_000, refund: 2_000 })
  const life = new Life(world, 'payment-1', seed, 0)
  const processor = twin.connect(life)
  /** Whether anything does any more. */
  const happens = async () => {
    const { steps } = time
    await time.step()
    return time.steps > steps
  }
  /** Time passes until the answer is there. */
  async function told<T>(answer: Promise<T>): Promise<T> {
    let isTold = false
    const end = () => {
      isTold = true
    }
    answer.then(end, end)
    await time.settle()
    while (!isTold) {
      if (!(await happens())) throw new Error('nobody answers')
    }
    return answer
  }
  async function created(paymentMethod: string, orderId = 'o1') {
    const draft: NewIntent = { orderId, amount: 3400, currency: 'EUR', paymentMethod }
    const intent = await told(processor.createIntent(draft, 1))
    if ('declined' in intent) throw new Error(`declined: ${intent.declined}`)
    return intent.intentId
  }
  const pass = async (milliseconds: number) => {
    let isOver = false
    time.at(time.now + milliseconds, () => {
      isOver = true
    })
    while (!isOver) await time.step()
  }
  const rest = async () => {
    while (await happens());
  }
  return { world, time, chaos, story, away, hindered, twin, life, processor, told, created, pass, rest }
}
