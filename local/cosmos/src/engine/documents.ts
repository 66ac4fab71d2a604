import type { Container, Place } from './container.ts'
import { isObject, type JsonObject } from './json.ts'
import { badRequest, notFound } from './refusal.ts'
import type { Storage } from './storage.ts'

/** A document as it is stored. */
export interface Stored {
  readonly n: number
  readonly lsn: number
  /** The document as JSON, system properties included. */
  readonly text: string
}

const systemProperties = ['_rid', '_self', '_etag', '_attachments', '_ts']

/** The rows of containers. Nothing that has expired is ever seen. */
export class Documents {
  readonly #storage: Storage
  readonly #now: () => number

  constructor(storage: Storage, now: () => number) {
    this.#storage = storage
    this.#now = now
  }

  find(container: Container, { partition, id }: Place): Stored | undefined {
    const sql = `SELECT n, lsn, expires, body FROM ${container.table} WHERE partition = ? AND id = ?`
    const row = this.#storage.get(sql, partition, id) as
      | { n: number; lsn: number; expires: number | null; body: string }
      | undefined
    if (!row || (row.expires !== null && row.expires <= this.#now())) return undefined
    return { n: row.n, lsn: row.lsn, text: row.body }
  }

  read(container: Container, place: Place): Stored {
    const found = this.find(container, place)
    if (!found) throw notFound(`the item '${place.id}'`)
    return found
  }

  insert(container: Container, place: Place, document: JsonObject): Stored {
    const { table } = container
    const lsn = this.#storage.nextLsn()
    const text = this.#complete(container, lsn, lsn, document)
    const expires = this.#expiry(container, document)
    // An expired one that is not purged yet is as good as gone.
    this.#storage.run(
      `DELETE FROM ${table} WHERE partition = ? AND id = ? AND expires <= ?`,
      place.partition,
      place.id,
      this.#now(),
    )
    this.#storage.run(
      `INSERT INTO ${table} (n, partition, id, lsn, expires, body) VALUES (?, ?, ?, ?, ?, ?)`,
      ...[lsn, place.partition, place.id, lsn, expires, text],
    )
    return { n: lsn, lsn, text }
  }

  update(container: Container, { n }: Stored, document: JsonObject): Stored {
    const lsn = this.#storage.nextLsn()
    const text = this.#complete(container, n, lsn, document)
    const sql = `UPDATE ${container.table} SET lsn = ?, expires = ?, body = ? WHERE n = ?`
    this.#storage.run(sql, lsn, this.#expiry(container, document), text, n)
    return { n, lsn, text }
  }

  delete(container: Container, { n }: Stored): void {
    this.#storage.nextLsn()
    this.#storage.run(`DELETE FROM ${container.table} WHERE n = ?`, n)
  }

  /** After a container's time to live has changed: as if every document had been written under the new one. */
  expireAnew(container: Container): void {
    const { defaultTtl } = container.definition
    if (defaultTtl === undefined)
      this.#storage.run(`UPDATE ${container.table} SET expires = NULL WHERE expires IS NOT NULL`)
    else
      this.#storage.run(
        `UPDATE ${container.table} SET expires = iif(coalesce(body ->> '$.ttl', ?1) = -1, NULL,
          ((body ->> '$._ts') + coalesce(body ->> '$.ttl', ?1)) * 1000)`,
        defaultTtl,
      )
  }

  /** Deletes at most `limit` expired documents. Returns how many. */
  purge(container: Container, limit: number): number {
    const { table } = container
    const due = `SELECT n FROM ${table} WHERE expires <= ? ORDER BY expires LIMIT ?`
    return this.#storage.run(`DELETE FROM ${table} WHERE n IN (${due})`, this.#now(), limit)
  }

  /** Milliseconds since the epoch, or null when it never does. */
  #expiry(
    { definition: { defaultTtl } }: Container,
    { ttl = defaultTtl }: JsonObject | { ttl?: undefined },
  ): number | null {
    if (defaultTtl === undefined || ttl === undefined || ttl === -1) return null
    return Math.floor(this.#now()) + Number(ttl) * 1000
  }

  #complete(container: Container, n: number, lsn: number, document: JsonObject): string {
    const own: JsonObject = { ...document }
    for (const name of systemProperties) delete own[name]
    const rid = container.documentRid(n)
    const system = {
      _rid: rid,
      _self: `${container.self}docs/${rid}/`,
      _etag: this.#storage.etag(lsn),
      _attachments: 'attachments/',
      _ts: Math.floor(this.#now() / 1000),
    }
    return `${JSON.stringify(own).slice(0, -1)},${JSON.stringify(system).slice(1)}`
  }
}

/** What a client may store as a document. Throws a Refusal. */
export function checkDocument(body: unknown): asserts body is JsonObject {
  if (!isObject(body)) throw badRequest('A document must be a JSON object.')
  if (!isShallow(body, 128)) throw badRequest('A document may be nested at most 128 levels deep.')
  const { ttl } = body
  if (ttl === undefined) return
  if (typeof ttl === 'number' && Number.isInteger(ttl) && ttl <= 2_147_483_647 && (ttl === -1 || ttl > 0)) return
  throw badRequest(
    `The input ttl '${JSON.stringify(ttl)}' is invalid. Ensure to provide a nonzero positive integer less than or equal to '2147483647', or '-1' which means never expire.`,
  )
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1))
}
