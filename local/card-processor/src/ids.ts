import { randomUUID } from 'node:crypto'

/** What makes ids unguessable: 16 characters or more, never the same twice. */
export type NewToken = () => string

/** Node makes UUIDs from entropy it has in stock; bytes it would have to fetch each time. */
export const unguessable: NewToken = () => randomUUID().replaceAll('-', '')

/** Rises with time, so that the index of ids grows at its end. */
export function newId(prefix: string, now: number, token: NewToken): string {
  return `${prefix}${now.toString(36).padStart(9, '0')}${token().slice(0, 16)}`
}
