import { hash } from 'node:crypto'
import type { Caller } from './caller.ts'

type Entry = { readonly caller: Caller; readonly expiresAt: number }

/** Tokens that were verified, by hash and until they expire; the least recently used goes first when there are too many. */
export type TokenCache = {
  key(token: string): string
  get(key: string): Caller | undefined
  set(key: string, caller: Caller, expiresAt: number): void
  readonly size: number
}

/** Keeps at most `capacity` verified tokens. Tokens themselves are not kept, so a heap dump gives none away. */
export function createTokenCache(capacity: number, now: () => number): TokenCache {
  const entries = new Map<string, Entry>()
  return {
    key: (token) => hash('sha256', token, 'base64'),
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (entry.expiresAt <= now()) return undefined
      // Back in, at the young end.
      entries.set(key, entry)
      return entry.caller
    },
    set(key, caller, expiresAt) {
      entries.set(key, { caller, expiresAt })
      if (entries.size <= capacity) return
      const oldest = entries.keys().next()
      if (!oldest.done) entries.delete(oldest.value)
    },
    get size() {
      return entries.size
    },
  }
}
