import { ServiceBusAdministrationClient, ServiceBusClient } from '@azure/service-bus'
import { onTestFinished } from 'vitest'
import type { Depth } from '../src/admin/depths.ts'
import type { Clock } from '../src/clock.ts'
import { type ServiceBus, type ServiceBusOptions, startServiceBus } from '../src/server.ts'

/** Time that stands still until it is moved. */
export class ManualClock implements Clock {
  #now = Date.now()
  readonly #timers = new Set<{ at: number; run: () => void }>()

  now(): number {
    return this.#now
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + milliseconds, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]
      if (!due) break
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
    }
    this.#now = end
  }
}

export async function depthOf(bus: ServiceBus, entity: string): Promise<Depth> {
  const response = await fetch(`http://127.0.0.1:${bus.adminPort}/flotilla/depths`)
  const depths = (await response.json()) as Depth[]
  const depth = depths.find((each) => each.entity === entity)
  if (!depth) throw new Error(`${entity} has no depth among ${depths.map((each) => each.entity).join(', ')}`)
  return depth
}

export function clientOf(connectionString: string): ServiceBusClient {
  // The client gives up on what a dead broker never answered only after this time.
  const retryOptions = { maxRetries: 0, retryDelayInMs: 50, timeoutInMs: 2000 }
  const client = new ServiceBusClient(connectionString, { retryOptions })
  onTestFinished(() => client.close())
  return client
}

/** A broker on free ports and a client, both ended with the test. */
export async function startBus(
  options: ServiceBusOptions,
): Promise<{ bus: ServiceBus; client: ServiceBusClient; stop: () => Promise<void> }> {
  const bus = await startServiceBus(options)
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= bus.close()
    return stopped
  }
  onTestFinished(stop)
  return { bus, client: clientOf(bus.connectionString), stop }
}

/** The unmodified administration client insists on https; a policy of its own pipeline turns that into http. */
export function adminOf(bus: ServiceBus): ServiceBusAdministrationClient {
  const client = new ServiceBusAdministrationClient(
    bus.connectionString.replace(/sb:\/\/[^;]*/, `sb://127.0.0.1:${bus.adminPort}`),
  )
  client.pipeline.addPolicy({
    name: 'plain-http',
    sendRequest(request, next) {
      request.url = request.url.replace('https:', 'http:')
      request.allowInsecureConnection = true
      return next(request)
    },
  })
  return client
}

/** Asks until the answer is right; the test's own time limit ends it otherwise. */
export async function until<T>(ask: () => Promise<T> | T, right: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (right(answer)) return answer
    await new Promise((resolve) => setImmediate(resolve))
  }
}
