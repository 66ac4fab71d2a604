import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Another broker writes to the directory. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse'
}

/**
 * Keeps other brokers out of the directory. The lock is SQLite's on an empty database: the system drops it when the process
 * ends, however it ends, and no stale file can keep a later start out.
 * @returns how to give it back
 * @throws DirectoryInUse
 */
export function claimDirectory(directory: string): () => void {
  const database = new DatabaseSync(join(directory, 'lock'))
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw new DirectoryInUse(`${directory} is in use by another broker; end it or name another directory`, {
      cause: error,
    })
  }
  return () => database.close()
}
