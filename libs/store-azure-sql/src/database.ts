import type { Rows } from './rows.ts'

/**
 * A parameter. Text is `nvarchar(4000)` and longer text refused, a whole number is `bigint`, a boolean `bit`, bytes are `binary` of their
 * length, `Rows` are a table-valued parameter.
 */
export type Value = string | number | boolean | Uint8Array | Rows | null

/** Does all of what it does, or nothing: one statement of T-SQL, or a transaction of several. */
export interface Statement {
  /** What a person would call it, e.g. `load orders`: the name of its span. Never values. */
  readonly name: string
  readonly sql: string
  /** By the name in the statement, without its @. */
  readonly values?: Readonly<Record<string, Value>>
  /** How many commands it serves. */
  readonly batchSize?: number | undefined
  /** False: not repeated when nobody knows whether it was done; true when absent. */
  readonly isRepeatable?: boolean
  /** How long it may take, in milliseconds; the database's own when absent. */
  readonly timeout?: number
}

/** Whole numbers are numbers, bits booleans, bytes a `Buffer`, by the name of the column. */
export type Found = Readonly<Record<string, unknown>>

export interface Connection {
  /** One round trip: the rows of each result set of the statement. */
  run(statement: Statement): Promise<readonly (readonly Found[])[]>
}

/**
 * A database on SQL Server or Azure SQL. What is the database's fault is thrown as `Unavailable`, after it was tried again where
 * that is safe (`Interrupted` when nobody knows whether it was done); what it refuses, such as a broken constraint, as `Refused`.
 */
export interface Database extends Connection {
  /**
   * Runs statements in one transaction on one connection, with a trip of its own to begin and one to commit. Rolls back when the
   * body throws, or one of its statements failed. Before its commit is sent nothing is done, so after a deadlock, a throttled
   * request or a lost connection the body may be called again; a commit without an answer is `Interrupted`.
   */
  transaction<Result>(body: (connection: Connection) => Promise<Result>): Promise<Result>
  /** Requests that were sent since it was opened, those to begin and commit included. */
  roundTrips(): number
  close(): Promise<void>
}
