import { Unavailable } from '@flotilla/decider/store'

/** Primary result codes (https://sqlite.org/rescode.html) that are the database's fault, whatever was asked of it. */
const faults = new Map([
  [5, 'busy'],
  [6, 'locked'],
  [7, 'out of memory'],
  [8, 'read-only'],
  [10, 'I/O error'],
  [11, 'corrupt'],
  [13, 'disk full'],
  [14, 'cannot be opened'],
  [15, 'locking protocol'],
  [26, 'not a database'],
])

/** What to throw for an error of `node:sqlite`: `Unavailable` if the database is at fault, otherwise the error itself. */
export function asFailure(error: unknown): unknown {
  const fault = faults.get(primaryCode(error) ?? 0)
  if (fault) return new Unavailable(`SQLite: ${fault}`, { cause: error })
  if (isClosed(error)) return new Unavailable('SQLite: the database is closed', { cause: error })
  return error
}

/** Runs something against the database, with its failures as `asFailure` has them. */
export function failing<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    throw asFailure(error)
  }
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error && 'errcode' in error && typeof error.errcode === 'number')) return undefined
  return error.errcode & 0xff
}

const isClosed = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE'
