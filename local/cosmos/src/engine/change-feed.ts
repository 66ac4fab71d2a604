import { type Answer, feedAnswer } from './answer.ts'
import { metadataCharge, queryCharge } from './charge.ts'
import type { Container } from './container.ts'
import { header, type Request } from './exchange.ts'
import { readPaging } from './query-request.ts'
import { badRequest, unsupported } from './refusal.ts'
import { type Scope, scoped } from './search.ts'
import type { Storage } from './storage.ts'

/**
 * The latest version of every item that was written after the change that `if-none-match` names, oldest change first; deleted
 * items are not told of. 304 when there is nothing new; the etag is where to go on.
 */
export function answerChanges(
  request: Request,
  container: Container,
  scope: Scope,
  { storage, now }: { storage: Storage; now: () => number },
): Answer {
  if (header(request, 'a-im')?.toLowerCase() !== 'incremental feed')
    throw unsupported('A change feed of all versions and deletes is')
  if (header(request, 'x-ms-start-epk') !== undefined)
    throw unsupported('The change feed of a part of the key range is')
  const start = readStart(request, storage.lsn)
  const since = readSince(request)
  const atMost = Math.min(readPaging(request).atMost, 10_000)
  const { sql, values } = scoped(scope)
  const conditions = [...sql, 'lsn > ?', "body ->> '$._ts' >= ?", '(expires IS NULL OR expires > ?)'].join(' AND ')
  const rows = storage.all(
    `SELECT lsn, body FROM ${container.table} WHERE ${conditions} ORDER BY lsn LIMIT ?`,
    ...[...values, start, since, now(), atMost],
  )
  const isLast = rows.length < atMost
  const etag = `"${isLast ? storage.lsn : rows.at(-1)?.lsn}"`
  if (rows.length === 0) return { status: 304, charge: metadataCharge, text: '', headers: { etag }, container }
  const results = rows.map(({ body }) => String(body))
  const size = results.reduce((sum, { length }) => sum + length, 0)
  const feed = feedAnswer('Documents', container.rid, {
    results,
    continuation: undefined,
    charge: queryCharge(rows.length, size),
  })
  return { ...feed, headers: { ...feed.headers, etag }, container }
}

/** The change to start after: none, that of an earlier answer, or the last one. */
function readStart(request: Request, lsn: number): number {
  const text = header(request, 'if-none-match')
  if (text === undefined) return 0
  if (text === '*') return lsn
  const [, number] = /^"?(\d+)"?$/.exec(text) ?? []
  if (number === undefined) throw badRequest(`'${text}' is no place in the change feed.`)
  return Number(number)
}

/** Seconds since the epoch. */
function readSince(request: Request): number {
  const text = header(request, 'if-modified-since')
  if (text === undefined) return 0
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw badRequest(`The header if-modified-since is no date: '${text}'.`)
  return Math.floor(time / 1000)
}
