import { type Clock, systemClock } from '@flotilla/decider/clock'
import { Unavailable } from '@flotilla/decider/store'
import { withDatabaseSpan } from '@flotilla/telemetry/calls'
import type { config } from 'mssql'
import { authentication, type Credential } from './authentication.ts'
import { type ConnectionSettings, describe, readConnectionString } from './connection-string.ts'
import type { Connection, Database, Found, Statement } from './database.ts'
import { Interrupted } from './failure.ts'
import { failureOf, Undone } from './faults.ts'
import { bind, type Driver, found } from './parameters.ts'
import { createPool, NotOpened, type Pool } from './pool.ts'
import { repeated } from './retry.ts'
import { type Requests, transact } from './transaction.ts'

export interface DatabaseOptions {
  /** As ADO.NET has it. Times and sizes that it names win over those here. */
  readonly connectionString: string
  /** Who asks a server that is not local. */
  readonly credential?: Credential | undefined
  /** For time-outs; the system's when absent. */
  readonly clock?: Clock | undefined
  /**
   * Wraps every request, for a circuit breaker: a request throws when the database is away, and only then. What the guard
   * throws instead is `Unavailable` too.
   */
  readonly guard?: Guard | undefined
  /** Connections at most: 10. */
  readonly poolSize?: number | undefined
  /** How long a request may take, in milliseconds: 5,000. */
  readonly requestTimeout?: number | undefined
  /** How long a login may take, in milliseconds: 5,000. */
  readonly connectTimeout?: number | undefined
  /** How long a request waits for a connection to be free, in milliseconds: 2,000. */
  readonly acquireTimeout?: number | undefined
}

export type Guard = <T>(run: () => Promise<T>) => Promise<T>

/**
 * Opens a database of Azure SQL or SQL Server. A connection string that is wrong throws here; a server that is away does not:
 * it is connected to when a request needs it, and each request that finds it away is `Unavailable`.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const settings = readConnectionString(options.connectionString)
  const clock = options.clock ?? systemClock
  const poolSettings = poolOf(settings, options)
  // Loaded here, for who keeps to SQLite has no use for it.
  const { default: driver } = (await import('mssql')) as unknown as { default: Driver }
  return new MssqlDatabase({ ...options, clock, settings, driver, pool: createPool(driver, poolSettings, clock) })
}

function poolOf(settings: ConnectionSettings, options: DatabaseOptions): config {
  return {
    server: settings.server,
    port: settings.port,
    database: settings.database,
    authentication: authentication(settings, options.credential),
    connectionTimeout: settings.connectTimeout ?? options.connectTimeout ?? 5_000,
    // Asks the socket, not the server: the default is a round trip before each request.
    validateConnection: 'socket',
    beforeConnect: keepLoginError,
    pool: {
      min: 0,
      max: settings.maxPoolSize ?? options.poolSize ?? 10,
      acquireTimeoutMillis: options.acquireTimeout ?? 2_000,
      // Below the 30 minutes after which Azure lets go of an idle connection.
      idleTimeoutMillis: 300_000,
    },
    options: {
      encrypt: settings.encrypt,
      trustServerCertificate: settings.trustServerCertificate,
      appName: settings.applicationName ?? 'flotilla',
      useUTC: true,
      enableArithAbort: true,
      // SET XACT_ABORT ON: what fails, or is cancelled, rolls its transaction back.
      abortTransactionOnError: true,
      // A request has its limit here (`Pool.limit`): that of tedious ends with the first packet of the answer.
      requestTimeout: 0,
      // How long the server may take to cancel a request.
      cancelTimeout: 500,
      // Repeating is this package's own work.
      maxRetriesOnTransientErrors: 0,
    },
  }
}

/** Tedious keeps the text of a login's refusal, and drops its number. */
const keepLoginError: NonNullable<config['beforeConnect']> = (connection) => {
  let number: number | undefined
  const remember = (message: { number: number }) => {
    number = message.number
  }
  connection.on('errorMessage', remember)
  connection.once('connect', (error?: Error) => {
    connection.off('errorMessage', remember)
    if (error && number !== undefined) Object.assign(error, { number })
  })
}

interface Parts extends DatabaseOptions {
  readonly clock: Clock
  readonly settings: ConnectionSettings
  readonly driver: Driver
  readonly pool: Pool
}

class MssqlDatabase implements Database, Requests {
  readonly driver: Driver
  readonly pool: Pool
  readonly timeout: number
  readonly #parts: Parts
  readonly #where: string
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.driver = parts.driver
    this.pool = parts.pool
    this.timeout = parts.requestTimeout ?? 5_000
    this.#where = describe(parts.settings)
  }

  run(statement: Statement): Promise<readonly (readonly Found[])[]> {
    const { driver, pool } = this
    const { timeout = this.timeout } = statement
    return repeated(
      async () => {
        const request = bind(driver, pool.request(), statement.values)
        const send = () => pool.limit(request, timeout, () => request.query<Found>(statement.sql))
        return found(driver, await this.request(statement, send))
      },
      statement.isRepeatable ?? true,
      this.#parts.clock,
    )
  }

  transaction<Result>(body: (connection: Connection) => Promise<Result>): Promise<Result> {
    return repeated(() => transact(this, body), false, this.#parts.clock)
  }

  roundTrips = () => this.pool.sent()

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close() {
    // A pool that connects refuses to be closed.
    if (this.pool.connecting) await this.pool.connect().catch(() => {})
    await this.pool.close()
  }

  /** One request, in its span, behind the guard. Throws `Undone`, `Interrupted` or `Refused`. */
  request<T>({ name, batchSize }: Pick<Statement, 'name' | 'batchSize'>, run: () => Promise<T>): Promise<T> {
    const { database: namespace } = this.#parts.settings
    const [operation = name] = name.split(' ')
    const call = { system: 'microsoft.sql_server', operation, summary: name, namespace, batchSize } as const
    return withDatabaseSpan(call, () => this.#guarded(() => this.#connected(run)))
  }

  async #connected<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new Undone(`The connections to SQL Server ${this.#where} are closed`, {})
    try {
      if (!this.pool.connected) await this.pool.connect()
    } catch (error) {
      throw failureOf(error, 'opening', this.#where)
    }
    try {
      return await run()
    } catch (error) {
      if (error instanceof NotOpened) throw failureOf(error.cause, 'opening', this.#where)
      throw failureOf(error, 'running', this.#where)
    }
  }

  /** A guard sees only what says that the database is away. */
  async #guarded<T>(run: () => Promise<T>): Promise<T> {
    const { guard } = this.#parts
    if (!guard) return run()
    let isRunning = false
    let failure: unknown
    const watched = async () => {
      isRunning = true
      try {
        return { value: await run() }
      } catch (error) {
        failure = error
        if (isAway(error)) throw error
        return { error }
      }
    }
    let outcome: Awaited<ReturnType<typeof watched>>
    try {
      outcome = await guard(watched)
    } catch (error) {
      // What became of the request says more than what the guard makes of it.
      if (failure) throw failure
      if (error instanceof Unavailable) throw error
      const Failure = isRunning ? Interrupted : Unavailable
      throw new Failure(`SQL Server ${this.#where} is not available: ${(error as Error).message}`, { cause: error })
    }
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }
}

const isAway = (error: unknown) => error instanceof Unavailable && !(error instanceof Undone && error.isConflict)
