/** A text in one file that is replaced by another. */
export interface Change {
  /** From the root of the repository: `libs/broker/src/handling.ts`. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/** A bug that somebody could have written into the reliability logic. */
export interface Mutation {
  readonly name: string
  /** What the bug is. */
  readonly says: string
  /** What it may break, one of which is found: promises, or `HTTP` for an answer that nobody should get. */
  readonly breaks: readonly string[]
  readonly changes: readonly Change[]
  /** In so many runs, from any seed on, the simulation finds it. */
  readonly within: number
}
