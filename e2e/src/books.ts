import type { Reader } from '@flotilla/verify/book'
import type { Rows } from '@flotilla/verify/databases'
import type { Kubectl } from './kubectl.ts'

/** A row a line, as it is read: a database may be larger than what the pod has left. The last line says that it was the last. */
const script = (file: string, statements: readonly string[]) => `
  import { DatabaseSync } from 'node:sqlite'
  import { Readable } from 'node:stream'
  import { pipeline } from 'node:stream/promises'
  const database = new DatabaseSync(${JSON.stringify(file)}, { readOnly: true, timeout: 10000 })
  const hex = (_, value) => (value instanceof Uint8Array ? { $hex: Buffer.from(value).toString('hex') } : value)
  function* lines() {
    for (const [index, sql] of ${JSON.stringify(statements)}.entries())
      for (const row of database.prepare(sql).iterate()) yield JSON.stringify([index, row], hex) + '\\n'
    yield '"end"\\n'
  }
  database.exec('BEGIN')
  await pipeline(Readable.from(lines()), process.stdout, { end: false })
  database.close()`

/** Reads the SQLite file of a service, which no network reaches, in one of its pods: one moment of the whole database, while others write. */
export function readerOf(kubectl: Kubectl, service: string, file = `/data/${service}.db`): Reader {
  return {
    async query(statements) {
      const said = await kubectl.evaluate(service, `deployment/${service}`, script(file, statements), 120_000)
      const lines = said.toString().trimEnd().split('\n')
      if (lines.pop() !== '"end"') throw new Error(`the rows of ${service} were cut off`)
      const rows: Rows[number][][] = statements.map(() => [])
      for (const line of lines) {
        const [index, row] = JSON.parse(line, bytes) as [number, Rows[number]]
        rows[index]?.push(row)
      }
      return rows
    },
  }
}

const bytes = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$hex' in value ? Buffer.from(String(value.$hex), 'hex') : value

/** What counts rows, of a service's database. */
export async function countOf(kubectl: Kubectl, service: string, sql: string): Promise<number> {
  const [rows] = await readerOf(kubectl, service).query([sql])
  return Number(rows?.[0]?.many)
}
