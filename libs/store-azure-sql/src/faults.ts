import { Unavailable } from '@flotilla/decider/store'
import { Interrupted, Refused } from './failure.ts'

/** Surely nothing was done. */
export class Undone extends Unavailable {
  /** It may be gone in a moment. */
  readonly isTransient: boolean
  /** The database is up, and somebody else was in the way. */
  readonly isConflict: boolean
  /** A migration has not run, or a right is missing. */
  readonly isUnprepared: boolean

  constructor(message: string, options: UndoneOptions) {
    super(message, { cause: options.cause })
    this.isTransient = options.isTransient ?? false
    this.isConflict = options.isConflict ?? false
    this.isUnprepared = options.isUnprepared ?? false
  }
}

interface UndoneOptions {
  readonly isTransient?: boolean
  readonly isConflict?: boolean
  readonly isUnprepared?: boolean
  readonly cause?: unknown
}

/** `opening`: there was no connection yet. `running`: it was, or may have been, sent. */
export type Moment = 'opening' | 'running'

/** Somebody else was in the way; the statement and its transaction were rolled back. */
const conflicts = new Set([
  1205, // deadlock
  1222, // lock timeout
  3960, // snapshot
  41301, // dependency
  41302, // write
  41305, // repeatable
  41325, // serializable
  41839, // dependencies
])

/** Refused before it began, or rolled back. */
const undone = new Set([
  601, // moved
  615, // database
  617, // dropped
  926, // suspect
  1204, // locks
  1807, // model
  3906, // readonly
  3935, // file
  3966, // version
  4060, // open
  4221, // secondary
  10922, // retry
  10928, // limit
  10929, // busy
  10936, // pool
  40166, // reconfiguration
  40501, // throttled
  40540, // failover
  40549, // long
  40550, // locks
  40551, // tempdb
  40552, // log
  40553, // memory
  42108, // paused
  42109, // resuming
  49918, // resources
  49919, // creations
  49920, // operations
])

/** The database is not, or not yet, as this release needs it: no fault of what was asked. */
const unprepared = new Set([
  207, // column
  208, // table
  229, // right
  230, // right
  916, // login
  2715, // type
  2812, // procedure
])

/** Before a login, nothing was done; later nobody knows. */
const unknown = new Set([
  64, // network
  121, // semaphore
  233, // pipe
  10053, // aborted
  10054, // reset
  10060, // timeout
  40143, // replica
  40197, // failover
  40613, // unavailable
])

/** From 17 on it is the server's trouble (memory, disk, log), from 20 on the connection is lost with it. */
const severities = { database: 17, fatal: 20 }

/** Codes of `mssql` and `tedious` for what was never sent, and for a transaction that the server rolled back. */
const unsent = new Set([
  'EABORT', // aborted
  'ECONNCLOSED', // closed
  'EINVALIDSTATE', // lost
  'ENOTBEGUN', // over
  'ENOTOPEN', // closing
])

/** An error message of the server. */
interface Answer {
  readonly number: number
  readonly severity: number
  readonly message: string
}

/**
 * What something thrown by `mssql`, `tedious` or `tarn` says. The message names `where`. A parameter that cannot be written is
 * nobody's fault but the caller's: that error comes back as it is.
 */
export function failureOf(error: unknown, moment: Moment, where: string): Undone | Interrupted | Refused | TypeError {
  const mistake = thrownOf(error).originalError
  if (mistake instanceof TypeError) return mistake
  const answer = answerOf(error)
  const said = answer ? `${answer.message} (error ${answer.number})` : messageOf(error)
  const text = `SQL Server ${where} is not available: ${said}`
  if (moment === 'opening') return new Undone(text, { isTransient: canOpenSoon(error, answer), cause: error })
  if (answer === undefined) {
    const code = codeOf(error)
    if (code === undefined || !unsent.has(code)) return new Interrupted(text, { cause: error })
    return new Undone(text, { isTransient: code === 'EINVALIDSTATE', cause: error })
  }
  const { number, severity, message } = answer
  if (conflicts.has(number)) return new Undone(text, { isTransient: true, isConflict: true, cause: error })
  if (undone.has(number)) return new Undone(text, { isTransient: true, cause: error })
  if (unknown.has(number) || severity >= severities.fatal) return new Interrupted(text, { cause: error })
  if (unprepared.has(number)) return new Undone(text, { isUnprepared: true, cause: error })
  if (severity >= severities.database) return new Undone(text, { cause: error })
  return new Refused(number, withoutValues(message), error)
}

/** What was too long (2628), or there twice (2627), may be somebody's name: the table and the rule suffice. */
export const withoutValues = (message: string): string =>
  message.replace(/ Truncated value: .*/s, '').replace(/ The duplicate key value is .*/s, '')

/** A login that is refused stays refused, and a pool that is exhausted is not helped by asking again. */
function canOpenSoon(error: unknown, answer: Answer | undefined): boolean {
  if (answer) return undone.has(answer.number) || unknown.has(answer.number)
  return codeOf(error) === 'ESOCKET'
}

/** The answer that decides: a transient one, or else the first. */
function answerOf(error: unknown): Answer | undefined {
  const answers = [...answersIn(error)]
  return answers.find(({ number }) => conflicts.has(number) || undone.has(number) || unknown.has(number)) ?? answers[0]
}

/** What the libraries hang on their errors. */
interface Thrown {
  readonly code?: unknown
  readonly number?: unknown
  readonly class?: unknown
  readonly message?: unknown
  /** Of `mssql`: the messages before this one, and what it wraps. */
  readonly precedingErrors?: readonly unknown[]
  readonly originalError?: unknown
  readonly cause?: unknown
  /** Of an `AggregateError`. */
  readonly errors?: readonly unknown[]
}

const thrownOf = (error: unknown): Thrown => (typeof error === 'object' && error !== null ? error : {})

function* answersIn(error: unknown): Generator<Answer> {
  const { precedingErrors = [], errors = [], originalError, number, class: severity, message } = thrownOf(error)
  for (const preceding of precedingErrors) yield* answersIn(preceding)
  if (typeof number === 'number')
    yield { number, severity: typeof severity === 'number' ? severity : 0, message: String(message) }
  else for (const inner of [...errors, originalError]) if (inner !== undefined) yield* answersIn(inner)
}

function codeOf(error: unknown): string | undefined {
  const { code, originalError, errors } = thrownOf(error)
  if (typeof code === 'string') return code
  const inner = originalError ?? errors?.[0]
  return inner === undefined ? undefined : codeOf(inner)
}

/** Its message, and what tedious hides in an `AggregateError` below it: why it could not connect, or got no token. */
function messageOf(error: unknown): string {
  const { message, errors, originalError, cause } = thrownOf(error)
  const own = typeof message === 'string' && message !== '' ? [message] : []
  const hidden = [...(errors ?? []), ...hiddenIn(originalError), ...hiddenIn(cause)].map(messageOf)
  return own.length + hidden.length === 0 ? String(error) : [...own, ...hidden].join(': ')
}

const hiddenIn = (error: unknown): readonly unknown[] => {
  const { errors, cause } = thrownOf(error)
  return errors ?? (cause === undefined ? [] : hiddenIn(cause))
}
