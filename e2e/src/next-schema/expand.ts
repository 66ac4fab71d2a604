import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A table of each service whose database is SQL. */
const tables = { order: 'orders', inventory: 'item', payment: 'payment' } as const
const columns = { sqlite: 'INTEGER', 'azure-sql': 'int NULL' } as const

/**
 * Gives every database of a working tree one migration more, in both dialects: a column that nobody uses. What is built of the tree then is a next
 * release whose schema is another. Gives the files that it wrote.
 */
export async function expand(tree: string): Promise<string[]> {
  const written: string[] = []
  for (const [service, table] of Object.entries(tables)) {
    for (const [dialect, column] of Object.entries(columns)) {
      const folder = join(tree, 'services', service, 'migrations', dialect)
      const last = (await readdir(folder)).filter((name) => name.endsWith('.sql')).length
      const file = join(folder, `${String(last + 1).padStart(3, '0')}_next_release.sql`)
      await writeFile(file, `ALTER TABLE ${table} ADD next_release_${last + 1} ${column};\n`, { flag: 'wx' })
      written.push(file)
    }
  }
  return written
}
