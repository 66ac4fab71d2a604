import type { DatabaseSync } from 'node:sqlite'

interface Piece {
  work: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Group commit: what is submitted within one event-loop turn shares one transaction, and so one flush to disk. A promise is kept
 * only after the commit. When a piece throws, all are run again, each in a transaction of its own, and only the guilty one is rejected;
 * so a piece changes nothing but the database.
 */
export class Turn {
  readonly #database: DatabaseSync
  #pieces: Piece[] = []
  #scheduled: NodeJS.Immediate | undefined

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  submit<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#pieces.push({ work, resolve: resolve as Piece['resolve'], reject })
    this.#scheduled ??= setImmediate(() => this.flush())
    return promise
  }

  flush(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    const pieces = this.#pieces
    this.#pieces = []
    if (pieces.length > 0) this.#commit(pieces)
  }

  #commit(pieces: Piece[]): void {
    try {
      const results = this.#transaction(() => pieces.map((piece) => piece.work()))
      pieces.forEach((piece, index) => {
        piece.resolve(results[index])
      })
    } catch (error) {
      if (pieces.length === 1) pieces[0]?.reject(error)
      else for (const piece of pieces) this.#commit([piece])
    }
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}
