import type { SubscriptionName } from './broker.ts'
import type { Received, Receiver, Transport } from './transport.ts'

export interface IntakeOptions {
  readonly transport: Transport
  readonly subscription: SubscriptionName
  readonly concurrency: number
  readonly message: (intake: Intake, received: Received) => Promise<void>
  readonly error: (error: unknown) => void
  readonly closed: (intake: Intake) => void
}

/** One receiver from its first message to its last settlement. */
export class Intake {
  readonly #receiver: Receiver
  readonly #options: IntakeOptions
  #inHand = 0
  #stopped: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(options: IntakeOptions) {
    const { transport, subscription, concurrency, message, error } = options
    this.#options = options
    this.#receiver = transport.receive(subscription, concurrency, {
      message: (received) => message(this, received),
      error,
    })
  }

  /** Set once it was told to stop. */
  get stopped(): Promise<void> | undefined {
    return this.#stopped
  }

  enter() {
    this.#inHand += 1
  }

  /** A message was settled. The link of a stopped receiver goes with the last of them. */
  leave() {
    this.#inHand -= 1
    if (this.#stopped) void this.#stopped.then(() => this.#closeWhenEmpty())
  }

  /** Takes nothing more. Resolves when no message can arrive any more; never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#receiver.stop().catch(this.#options.error)
    void this.#stopped.then(() => this.#closeWhenEmpty())
    return this.#stopped
  }

  /** Lets go of the link, whatever is in hand; never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#receiver
      .close()
      .catch(this.#options.error)
      .finally(() => this.#options.closed(this))
    return this.#closed
  }

  async #closeWhenEmpty() {
    if (this.#inHand === 0) await this.close()
  }
}
