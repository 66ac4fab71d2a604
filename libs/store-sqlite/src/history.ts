import type { DatabaseSync } from 'node:sqlite'
import type { HistoryEntry } from '@flotilla/decider/store'

/** The domain events as they happened, by home and version. */
export interface History {
  write(entries: readonly HistoryEntry[]): void
}

export function createHistory(database: DatabaseSync): History {
  const insert = database.prepare('INSERT INTO history (home, version, idx, at, type, body) VALUES (?, ?, ?, ?, ?, ?)')
  return {
    write(entries) {
      for (const { key, version, index, at, type, body } of entries) insert.run(key, version, index, at, type, body)
    },
  }
}
