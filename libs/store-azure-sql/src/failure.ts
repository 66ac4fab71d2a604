import { Unavailable } from '@flotilla/decider/store'

/** The connection broke, or the time was over, and nobody knows whether the statement was done. */
export class Interrupted extends Unavailable {}

/** The database answered, and said no: a constraint, a statement it does not understand. */
export class Refused extends Error {
  override readonly name = 'Refused'
  /** https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors */
  readonly number: number

  constructor(number: number, message: string, cause: unknown) {
    super(`SQL Server error ${number}: ${message}`, { cause })
    this.number = number
  }
}
