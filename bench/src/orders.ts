import { DatabaseSync } from 'node:sqlite'
import { openDatabase } from '@flotilla/store-azure-sql/connect'
import type { DatabaseSource } from '@flotilla/verify/book'
import type { Rows } from '@flotilla/verify/databases'

interface Reader {
  all(sql: string): Promise<Rows>
  /** `SELECT <what>`, of which only the first so many rows. */
  first(count: number, what: string): Promise<Rows>
  close(): Promise<void>
}

/** Reads how orders ended from the order service's own database, so that nothing is asked of the service meanwhile. */
export class Orders {
  readonly #reader: Reader

  private constructor(reader: Reader) {
    this.#reader = reader
  }

  static async open(source: DatabaseSource): Promise<Orders> {
    return new Orders('file' in source ? fileReader(source.file) : await serverReader(source.connectionString))
  }

  async count(): Promise<number> {
    const [row] = await this.#reader.all('SELECT COUNT(*) AS many FROM orders')
    return Number(row?.many)
  }

  /** From placement to confirmation, in milliseconds, of the last so many orders. */
  async timesToConfirm(last: number): Promise<number[]> {
    const what = "ended_at - created_at AS took FROM orders WHERE status = 'confirmed' ORDER BY id DESC"
    return (await this.#reader.first(last, what)).map(({ took }) => took as number)
  }

  /** Resolves when no order is open; throws when some still are after so many seconds. */
  allEnded(seconds: number): Promise<void> {
    const sql = "SELECT COUNT(*) AS many FROM orders WHERE status IN ('placed', 'reserved')"
    return this.#untilNone(sql, seconds, 'are still open')
  }

  /** Resolves when the order service has heard of each order's mail, which is the last it hears of it. */
  allTold(seconds: number): Promise<void> {
    const sql = `SELECT (SELECT COUNT(*) FROM orders)
      - (SELECT COUNT(*) FROM history WHERE type IN ('NotificationSent', 'NotificationFailed')) AS many`
    return this.#untilNone(sql, seconds, 'have had no mail yet')
  }

  async #untilNone(sql: string, seconds: number, still: string): Promise<void> {
    const until = performance.now() + seconds * 1_000
    for (;;) {
      const [row] = await this.#reader.all(sql)
      const many = Number(row?.many)
      if (many === 0) return
      if (performance.now() > until) throw new Error(`${many} orders ${still} after ${seconds} s`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  close(): Promise<void> {
    return this.#reader.close()
  }
}

function fileReader(file: string): Reader {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  const all = async (sql: string) => database.prepare(sql).all()
  return {
    all,
    first: (count, what) => all(`SELECT ${what} LIMIT ${count}`),
    close: async () => database.close(),
  }
}

async function serverReader(connectionString: string): Promise<Reader> {
  const database = await openDatabase({ connectionString, poolSize: 1, requestTimeout: 30_000 })
  const all = async (sql: string) => (await database.run({ name: 'read ends', sql }))[0] ?? []
  return { all, first: (count, what) => all(`SELECT TOP (${count}) ${what}`), close: () => database.close() }
}
