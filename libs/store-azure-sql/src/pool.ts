import type { Clock } from '@flotilla/decider/clock'
import type { Connection, ConnectionPool, config } from 'mssql'
import type { Driver } from './parameters.ts'

type Acquired = (error: unknown, connection?: Connection, settings?: unknown) => void

/** What `mssql` documents of its pool and its types leave out. */
interface Lending {
  acquire(requester: object, callback: Acquired): this
  release(connection: Connection): this
}

/** No connection could be had: nothing was sent. */
export class NotOpened extends Error {}

/** No answer in time. */
class TimedOut extends Error {}

/**
 * A pool that lends a connection again only when it is surely clean: one whose request was given up, or that is still in a
 * transaction, is closed when it comes back, and the server rolls back.
 */
export interface Pool extends ConnectionPool {
  /** Runs a request of `requester`, a request or a transaction of `mssql`, and cancels it when it takes longer than `timeout` ms. */
  limit<T>(requester: object, timeout: number, run: () => Promise<T>): Promise<T>
  /** Closes the connection that a transaction holds. */
  abandon(transaction: object): void
  /**
   * Called before a commit. A server may answer it by rolling back; `mssql` would let go of the connection at the rollback, and
   * once more at the end of the answer, where it throws out of reach of any `catch`.
   */
  keepUntilAnswered(transaction: object): void
  /** Requests sent. */
  sent(): number
}

export function createPool(driver: Driver, settings: config, clock: Clock): Pool {
  const Base = driver.ConnectionPool as unknown as new (settings: config) => ConnectionPool & Lending

  class CarefulPool extends Base implements Pool {
    #sent = 0
    readonly #abandoned = new WeakSet<Connection>()
    readonly #held = new WeakMap<object, Connection>()
    /** Called when a requester gets its connection. */
    readonly #waiting = new WeakMap<object, (connection: Connection) => void>()

    override acquire(requester: object, callback: Acquired) {
      return super.acquire(requester, (error, connection, given) => {
        if (!connection) return callback(new NotOpened('no connection', { cause: error }))
        this.#held.set(requester, connection)
        this.#waiting.get(requester)?.(connection)
        callback(null, connection, given)
      })
    }

    override release(connection: Connection) {
      if (this.#abandoned.has(connection) || connection.inTransaction) connection.close()
      return super.release(connection)
    }

    async limit<T>(requester: object, timeout: number, run: () => Promise<T>): Promise<T> {
      let stop = () => {}
      let timedOut = false
      const begin = (connection: Connection) => {
        this.#sent++
        stop = clock.after(timeout, () => {
          timedOut = true
          this.#abandoned.add(connection)
          connection.cancel()
        })
      }
      const held = this.#held.get(requester)
      if (held) begin(held)
      else this.#waiting.set(requester, begin)
      try {
        return await run()
      } catch (error) {
        throw timedOut ? new TimedOut(`no answer within ${timeout} ms`, { cause: error }) : error
      } finally {
        stop()
        this.#waiting.delete(requester)
      }
    }

    abandon(transaction: object) {
      this.#held.get(transaction)?.close()
    }

    keepUntilAnswered(transaction: object) {
      this.#held.get(transaction)?.removeAllListeners('rollbackTransaction')
    }

    sent = () => this.#sent
  }

  const pool = new CarefulPool(settings)
  // Each is thrown as well, where it was met; without a listener it would end the process.
  pool.on('error', () => {})
  return pool
}
