import type { CreateHttp, HttpOptions } from '@flotilla/host/http'
import { type Answered, type Ask, asker, testCallers } from '@flotilla/host/testing'
import type { Logger } from '@flotilla/telemetry/log'

/** The HTTP side of a replica. Making one takes longer than a run, so it is made once, and never closed. */
export interface Doorway<Routes> {
  /** For `createApp`: from then on, this process is the one behind it. */
  readonly http: CreateHttp<Routes>
  /** Asks the process behind it, as JSON, with all scopes of the service if none are given. */
  ask(route: string, ask?: Ask): Promise<Answered>
  ready(): Promise<void>
}

type Process<Routes> = Pick<HttpOptions, 'clock' | 'logger'> & { readonly routes: Routes }

/** `Routes` has functions, and objects that have functions: other values of a process cannot be forwarded. */
export function createDoorway<Routes extends object>(make: CreateHttp<Routes>): Doorway<Routes> {
  let behind: Process<Routes> | undefined
  const front = forwardTo((): Process<Routes> => {
    if (!behind) throw notYet()
    return behind
  })
  // Fastify makes itself a child, before there is a process.
  const logger: Logger = Object.create(front.logger, { child: { value: () => logger } })
  const server = make({ auth: testCallers, clock: front.clock, logger }, front.routes)
  const scopes = new Set(server.operations.flatMap(({ scope }) => scope))
  const ask = asker(server, [...scopes].join(' '))
  return {
    http(options, routes) {
      behind = { clock: options.clock, logger: options.logger, routes }
      return server
    },
    async ask(route, given) {
      if (!behind) throw notYet()
      return ask(route, given)
    },
    async ready() {
      await server.ready()
    },
  }
}

const notYet = () => new Error('no process was behind this doorway yet')

/** Stands for an object: whatever is called of it, at any depth, is looked up when it is called. */
function forwardTo<T extends object>(target: () => T, call?: (args: unknown[]) => unknown): T {
  const parts = new Map<PropertyKey, object>()
  return new Proxy((() => {}) as unknown as T, {
    get(_, name) {
      const known = parts.get(name)
      if (known) return known
      const part = (): Callable => Reflect.get(target(), name) as Callable
      const made = forwardTo(part, (args) => part().apply(target(), args))
      parts.set(name, made)
      return made
    },
    apply: (_target, _this, args) => call?.(args),
  })
}

type Callable = (...args: unknown[]) => unknown
