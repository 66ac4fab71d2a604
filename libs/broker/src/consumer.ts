import type { Clock } from '@flotilla/decider/clock'
import { breakerState, receiverRestarts } from '@flotilla/telemetry/metrics'
import type { Logger } from 'pino'
import type { Listener, SubscribeOptions, Subscription, SubscriptionName } from './broker.ts'
import { Hand } from './hand.ts'
import { Handling } from './handling.ts'
import { Intake } from './intake.ts'
import { type ConsumerEvent, type ConsumerLimits, consumerLimits } from './limits.ts'
import { Outage, type OutageState } from './outage.ts'
import type { Received, Transport } from './transport.ts'

export interface ConsumerOptions extends SubscribeOptions {
  readonly transport: Transport
  readonly subscription: SubscriptionName
  readonly listener: Listener
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly limits?: Partial<ConsumerLimits> | undefined
  /** For metrics and tests. Must not throw. */
  readonly onEvent?: ((event: ConsumerEvent) => void) | undefined
}

const levels = { closed: 0, 'half-open': 1, open: 2 } as const

/** Receives from one subscription: takes, hands over, settles, and knows when to stop taking. */
export class Consumer implements Subscription {
  readonly #options: ConsumerOptions
  readonly #limits: ConsumerLimits
  readonly #outage: Outage
  readonly #handling: Handling
  /** With the listener, or waiting. */
  readonly #hands = new Set<Hand>()
  /** Those that wait for the dependency to come back. */
  readonly #kept = new Set<Hand>()
  readonly #intakes = new Set<Intake>()
  readonly #forget: () => void
  #intake: Intake | undefined
  #state: 'running' | 'paused' | 'closed' = 'running'
  #idle: (() => void) | undefined
  #heardAt: number
  #replacedAt = Number.NEGATIVE_INFINITY
  #cancelWatch: (() => void) | undefined
  #complainedAt = Number.NEGATIVE_INFINITY

  constructor(options: ConsumerOptions) {
    const { clock, probe, subscription } = options
    this.#options = options
    this.#limits = { ...consumerLimits, ...options.limits }
    this.#heardAt = clock.now()
    this.#outage = new Outage({ clock, probe, limits: this.#limits.outage, onChange: this.#changed })
    this.#handling = new Handling({ ...options, limits: this.#limits, outage: this.#outage, keep: this.#keep })
    const dependency = `${subscription.topic}/${subscription.service}`
    this.#forget = breakerState.observe((observe) => observe(levels[this.#outage.state], { dependency }))
    this.#open()
    this.#watch()
  }

  async pause() {
    if (this.#state !== 'running') return
    this.#state = 'paused'
    await this.#retire()
  }

  resume() {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    this.#open()
  }

  async close(grace = this.#limits.grace) {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#cancelWatch?.()
    this.#outage.end()
    this.#forget()
    const stopped = this.#retire()
    for (const hand of this.#hands) hand.release()
    await stopped
    await this.#finished(grace)
    // What the listener still has is given back; whatever it says later is too late.
    for (const hand of this.#hands) void this.#settle(hand, { kind: 'abandon' })
    // A broker that is gone confirms nothing.
    await this.#atMost(this.#limits.settleGrace, this.#handling.settled())
    await Promise.all([...this.#intakes].map((intake) => intake.close()))
  }

  /** Resolves when no listener has a message any more, or after the grace. */
  #finished(grace: number): Promise<void> {
    if (this.#hands.size === 0) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle = resolve
    return this.#atMost(grace, promise)
  }

  #atMost(milliseconds: number, promise: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(milliseconds, resolve)
      promise.then(resolve, reject).finally(cancel)
    })
  }

  #open() {
    if (this.#state !== 'running' || this.#outage.state === 'open') return
    const { transport, subscription, concurrency = this.#limits.concurrency } = this.#options
    const intake = new Intake({
      transport,
      subscription,
      concurrency: this.#outage.state === 'half-open' ? 1 : concurrency,
      message: this.#take,
      error: this.#complain,
      closed: () => this.#intakes.delete(intake),
    })
    this.#intakes.add(intake)
    this.#intake = intake
  }

  async #retire() {
    const intake = this.#intake
    this.#intake = undefined
    await intake?.stop()
  }

  #take = async (intake: Intake, received: Received) => {
    const hand = new Hand(received, intake, this.#options.clock)
    this.#hands.add(hand)
    intake.enter()
    this.#heardAt = this.#options.clock.now()
    if (this.#state === 'closed') hand.release()
    const verdict = await this.#handling.handle(hand)
    const settled = this.#settle(hand, verdict)
    // Room is made as soon as the settlement is on its way, unless the broker is slow to confirm.
    if (this.#handling.settling > this.#limits.settling) await settled
  }

  #settle = async (hand: Hand, verdict: Parameters<Handling['settle']>[1]) => {
    if (!hand.claimSettlement()) return
    this.#hands.delete(hand)
    if (this.#hands.size === 0) this.#idle?.()
    await this.#handling.settle(hand, verdict)
    this.#heardAt = this.#options.clock.now()
    hand.intake.leave()
  }

  /** A message waits in hand, its lock renewed, until the dependency may be tried again. */
  #keep = async (hand: Hand): Promise<boolean> => {
    this.#kept.add(hand)
    const again = await hand.wait()
    this.#kept.delete(hand)
    return again
  }

  #changed = (state: OutageState, lastError: unknown) => {
    const { logger, subscription, onEvent } = this.#options
    logger[state === 'open' ? 'warn' : 'info'](
      { ...subscription, breaker: state, ...(state === 'open' && { err: lastError }) },
      { open: 'receiving stops: a dependency is away', 'half-open': 'trying one message', closed: 'receiving again' }[
        state
      ],
    )
    onEvent?.({ kind: 'breaker', state, ...subscription })
    if (state === 'open') void this.#retire()
    if (state === 'half-open') this.#try()
    if (state === 'closed') {
      void this.#retire()
      this.#open()
      for (const hand of this.#kept) hand.wake(true)
    }
  }

  /** A message that is in hand is the first to be tried. Those whose locks have lapsed are someone else's by now. */
  #try() {
    for (const hand of this.#kept) {
      hand.wake(true)
      if (!hand.lapsed) return
    }
    this.#open()
  }

  /** A receiver can fall silent for good while messages wait (azure-sdk-for-js#38988). */
  #watch() {
    const { clock } = this.#options
    const { silence, apart } = this.#limits
    const due = Math.max(this.#heardAt + silence, this.#replacedAt + apart) - clock.now()
    const jitter = clock.random() * (silence / 4)
    const watch = () => {
      this.#replaceSilent()
      this.#watch()
    }
    this.#cancelWatch = clock.after(Math.max(0, due) + jitter, watch, 'look')
  }

  #replaceSilent() {
    const { clock, logger, subscription, onEvent } = this.#options
    const now = clock.now()
    if (!this.#intake || this.#hands.size > 0) return
    if (now - this.#heardAt < this.#limits.silence || now - this.#replacedAt < this.#limits.apart) return
    this.#replacedAt = now
    logger.info({ ...subscription, silent_ms: now - this.#heardAt }, 'a silent receiver is replaced')
    receiverRestarts.add(1, {
      'messaging.destination.name': subscription.topic,
      'messaging.destination.subscription.name': subscription.service,
    })
    onEvent?.({ kind: 'restarted', ...subscription })
    void this.#retire()
    this.#open()
  }

  /** Not every try to connect again is worth a line. */
  #complain = (error: unknown) => {
    const { clock, logger, subscription } = this.#options
    const now = clock.now()
    if (this.#state === 'closed' || now - this.#complainedAt < this.#limits.complainEvery) return
    this.#complainedAt = now
    logger.warn({ ...subscription, err: error }, 'receiving has trouble, and goes on trying')
  }
}
