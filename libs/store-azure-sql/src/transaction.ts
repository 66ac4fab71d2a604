import type { Transaction } from 'mssql'
import type { Connection, Found, Statement } from './database.ts'
import { Interrupted } from './failure.ts'
import { Undone } from './faults.ts'
import { bind, type Driver, found } from './parameters.ts'
import type { Pool } from './pool.ts'

/** What a transaction needs of its database. */
export interface Requests {
  readonly driver: Driver
  readonly pool: Pool
  /** Milliseconds, for a statement that has none of its own. */
  readonly timeout: number
  /** One request, in its span, behind the guard. Throws `Undone`, `Interrupted` or `Refused`. */
  request<T>(what: Pick<Statement, 'name' | 'batchSize'>, run: () => Promise<T>): Promise<T>
}

type Body<Result> = (connection: Connection) => Promise<Result>

/** Runs a body in a transaction, once. `Interrupted` only when its commit was sent and not answered: before, nothing is done. */
export async function transact<Result>(requests: Requests, body: Body<Result>): Promise<Result> {
  const transaction = new OpenTransaction(requests)
  await transaction.begin()
  let result: Result
  try {
    result = await body(transaction)
    await transaction.end()
  } catch (error) {
    await transaction.rollBack()
    throw error
  }
  await transaction.commit()
  return result
}

/** Statements wait for each other: a connection answers one at a time. */
class OpenTransaction implements Connection {
  readonly #requests: Requests
  readonly #transaction: Transaction
  #last: Promise<unknown> = Promise.resolve()
  #isOver = false
  /** After it the server has rolled back, or will: nothing more is sent. */
  #failure: unknown
  #isRolledBack = false

  constructor(requests: Requests) {
    this.#requests = requests
    this.#transaction = new requests.driver.Transaction(requests.pool)
    // XACT_ABORT: a statement that fails takes the transaction with it.
    this.#transaction.once('rollback', () => {
      this.#isRolledBack = true
    })
  }

  async begin() {
    const { driver } = this.#requests
    let begun: Promise<unknown> | undefined
    try {
      await this.#send({ name: 'begin transaction' }, () => {
        begun = this.#transaction.begin(driver.ISOLATION_LEVEL.READ_COMMITTED)
        return begun
      })
    } catch (error) {
      // The guard may have lost its patience first.
      begun?.then(
        () => this.#abandon(),
        () => {},
      )
      throw uncommitted(error)
    }
  }

  run(statement: Statement): Promise<readonly (readonly Found[])[]> {
    if (this.#isOver)
      return Promise.reject(
        new Error(`'${statement.name}' came after the end of its transaction; await it in the body`),
      )
    const result = this.#last.then(() => this.#run(statement))
    this.#last = result.catch(() => {})
    return result
  }

  async #run(statement: Statement) {
    if (this.#failure) throw this.#failure
    const { driver } = this.#requests
    try {
      const request = bind(driver, this.#transaction.request(), statement.values)
      const result = await this.#send(statement, () => request.query<Found>(statement.sql), statement.timeout)
      return found(driver, result)
    } catch (error) {
      this.#failure = uncommitted(error)
      throw this.#failure
    }
  }

  /** The body has returned. Throws what failed, though the body may have caught it. */
  async end() {
    this.#isOver = true
    await this.#last
    if (this.#failure) throw this.#failure
  }

  async commit() {
    let isSent = false
    try {
      await this.#send({ name: 'commit transaction' }, () => {
        isSent = true
        this.#requests.pool.keepUntilAnswered(this.#transaction)
        return this.#transaction.commit()
      })
    } catch (error) {
      if (!isSent) await this.rollBack()
      throw error
    }
  }

  /** What it throws is thrown away: the pool closes a connection that comes back in a transaction, and that rolls back too. */
  async rollBack() {
    this.#isOver = true
    const isLost = this.#failure instanceof Undone && this.#failure.cause instanceof Interrupted
    if (isLost) return this.#abandon()
    await this.#last
    if (this.#isRolledBack) return
    const { pool, timeout } = this.#requests
    await pool.limit(this.#transaction, timeout, () => this.#transaction.rollback()).catch(() => {})
  }

  /** Closes its connection, and gives it back to the pool. */
  async #abandon() {
    this.#requests.pool.abandon(this.#transaction)
    await this.#last
    if (!this.#isRolledBack) await this.#transaction.rollback().catch(() => {})
  }

  #send<T>(what: Pick<Statement, 'name' | 'batchSize'>, run: () => Promise<T>, timeout = this.#requests.timeout) {
    return this.#requests.request(what, () => this.#requests.pool.limit(this.#transaction, timeout, run))
  }
}

/** Whatever became of a statement, without its commit nothing is left of it. */
const uncommitted = (error: unknown) =>
  error instanceof Interrupted ? new Undone(error.message, { isTransient: true, cause: error }) : error
