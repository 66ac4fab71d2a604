import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker } from '@flotilla/broker/broker'
import { createServiceBusBroker } from '@flotilla/broker/service-bus'
import { type Clock, systemClock } from '@flotilla/decider/clock'
import { createLogger, type Logger } from '@flotilla/telemetry/log'
import { startTelemetry } from '@flotilla/telemetry/telemetry'
import type { FastifyInstance } from 'fastify'
import { type Authenticator, createAuthenticator } from './auth.ts'
import { azureCredential } from './credential.ts'
import type { Engine } from './engine.ts'
import { ConfigError } from './environment.ts'
import { runProcess } from './lifecycle.ts'
import { createOverload, type Overload } from './overload.ts'
import { createHealth, type Health } from './probes.ts'
import type { Settings } from './settings.ts'

/** What every service is given by its process. */
export interface Given {
  readonly broker: Broker
  readonly clock: Clock
  readonly auth: Authenticator
  readonly logger: Logger
  readonly health: Health
  readonly overload: Overload
  readonly version: string
}

/** A service that was built: its app, and what to close when it has drained. */
export interface Built {
  readonly app: { readonly server: FastifyInstance; readonly engine: Engine }
  readonly close: () => void | Promise<void>
  /** What the store counted, told in the log as it closes; the benchmark reads it there. */
  readonly stats: () => object
}

/**
 * Runs a service as a process, from its environment to its exit. In order at the end: not ready, stop receiving and finish
 * what is in hand, close HTTP, last relay, flush telemetry, close what it holds open.
 */
export function serve<C extends Settings>(
  name: string,
  readConfig: () => C,
  build: (config: C, given: Given) => Built | Promise<Built>,
): Promise<void> {
  return runProcess({
    name,
    async start() {
      const config = readConfig()
      const version = config.SERVICE_VERSION
      const logger = createLogger({ service: name, version, level: config.LOG_LEVEL })
      const telemetry = await startTelemetry({
        service: name,
        version,
        logger,
        endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
        sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
      })
      const auth = authenticatorOf(config, logger)
      const broker = await createServiceBusBroker({ ...(await namespaceOf(config)), clock: systemClock, logger })
      const health = createHealth()
      health.waitFor(keysFetched(auth, { logger, withinMs: KEYS_WITHIN_MS }))
      const overload = createOverload({ clock: systemClock })
      const given = { broker, clock: systemClock, auth, logger, health, overload, version }
      const { app, close, stats } = await build(config, given)
      const { server, engine } = app
      const url = await server.listen({ port: config.PORT, host: config.HOST })
      await engine.start()
      return {
        logger,
        health,
        ready: { url },
        drain: [
          engine.drain.receive,
          { name: 'close HTTP', run: () => server.close() },
          engine.drain.send,
          { name: 'close the broker', run: () => broker.close() },
          {
            name: 'close what is held open',
            async run() {
              await close()
              logger.info({ store: stats() }, 'the store is closed')
            },
          },
          { name: 'flush telemetry', run: () => telemetry.shutdown() },
        ],
      }
    },
  })
}

/** Trusts every issuer for any of the audiences. */
export function authenticatorOf(
  config: Pick<Settings, 'OIDC_ISSUERS' | 'OIDC_AUDIENCES' | 'ENDUSER_KEY_FILE'>,
  logger?: Logger,
): Authenticator {
  const audience = config.OIDC_AUDIENCES
  const issuers = config.OIDC_ISSUERS.map((issuer) => ({ issuer, audience }))
  return createAuthenticator({ issuers, endUserSecret: config.ENDUSER_KEY_FILE, logger })
}

const KEYS_WITHIN_MS = 20_000
const KEYS_AGAIN_MS = 250

/**
 * Resolves when the keys of all issuers are there, for a replica without them refuses whoever comes first; and when time is up, for an
 * issuer that is away for long must not keep every replica away.
 */
export async function keysFetched(
  auth: Authenticator,
  { logger, withinMs }: { readonly logger: Logger; readonly withinMs: number },
): Promise<void> {
  const until = performance.now() + withinMs
  for (;;) {
    try {
      return await auth.warm()
    } catch (error) {
      if (performance.now() >= until) {
        logger.warn({ err: error }, 'ready without the keys of every issuer: they are fetched when a token needs them')
        return
      }
    }
    await sleep(KEYS_AGAIN_MS)
  }
}

/** One of the two ways to the broker; both or none is a fault of the configuration. */
async function namespaceOf({
  SERVICEBUS_CONNECTION_STRING: connectionString,
  SERVICEBUS_NAMESPACE: namespace,
}: Settings) {
  if (connectionString !== undefined && namespace === undefined) return { connectionString }
  if (namespace !== undefined && connectionString === undefined)
    return { fullyQualifiedNamespace: namespace, credential: await azureCredential() }
  throw new ConfigError([
    'set exactly one of SERVICEBUS_NAMESPACE (in Azure) and SERVICEBUS_CONNECTION_STRING (a local broker)',
  ])
}
