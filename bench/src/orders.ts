import { DatabaseSync } from 'node:sqlite'

/** Reads how orders ended from the order service's own database, so that nothing is asked of the service meanwhile. */
export class Orders {
  readonly #database: DatabaseSync

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  }

  count(): number {
    return (this.#database.prepare('SELECT count(*) AS count FROM orders').get() as { count: number }).count
  }

  open(): number {
    const sql = "SELECT count(*) AS count FROM orders WHERE status IN ('placed', 'reserved')"
    return (this.#database.prepare(sql).get() as { count: number }).count
  }

  /** From placement to confirmation, in milliseconds, of the last so many orders. */
  timesToConfirm(last: number): number[] {
    const sql = "SELECT ended_at - created_at AS took FROM orders WHERE status = 'confirmed' ORDER BY id DESC LIMIT ?"
    return this.#database
      .prepare(sql)
      .all(last)
      .map(({ took }) => took as number)
  }

  /** Resolves when no order is open; throws when some still are after so many seconds. */
  async allEnded(seconds: number): Promise<void> {
    const until = performance.now() + seconds * 1_000
    while (this.open() > 0) {
      if (performance.now() > until) throw new Error(`${this.open()} orders are still open after ${seconds} s`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  close(): void {
    this.#database.close()
  }
}
