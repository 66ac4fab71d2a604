import { DatabaseSync } from 'node:sqlite'
import type { Book, Rows } from './databases.ts'

/** Where a service's rows are: a SQLite file, or a database on a SQL Server. */
export type DatabaseSource = { readonly file: string } | { readonly connectionString: string }

/** Somebody who reads them for us: the rows of each statement, all of one moment. */
export interface Reader {
  readonly query: (statements: readonly string[]) => Promise<readonly Rows[]>
}

/** Reads a book at one moment for all of its tables. */
export async function readBook<Said>(source: DatabaseSource | Reader, book: Book<Said>): Promise<Said> {
  if ('file' in source) return book.read(inFile(source.file, book))
  if ('query' in source) return book.read(await source.query(book.statements))
  return book.read(await onServer(source.connectionString, book))
}

function inFile(file: string, { statements }: Book<unknown>): Rows[] {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  try {
    database.exec('BEGIN')
    return statements.map((sql) => database.prepare(sql).all())
  } finally {
    database.close()
  }
}

const within = 60_000

async function onServer(connectionString: string, { statements }: Book<unknown>): Promise<readonly Rows[]> {
  const { openDatabase } = await import('@flotilla/store-azure-sql/connect')
  const database = await openDatabase({ connectionString, poolSize: 1, requestTimeout: within })
  try {
    const sql = [
      'SET NOCOUNT ON',
      'SET TRANSACTION ISOLATION LEVEL SNAPSHOT',
      'BEGIN TRANSACTION',
      ...statements,
      'COMMIT TRANSACTION',
    ]
    return await database.run({ name: 'verify', sql: `${sql.join(';\n')};` })
  } finally {
    await database.close()
  }
}
