import { Container, type Definition } from './container.ts'
import { applyIndexing } from './indexing.ts'
import type { JsonObject } from './json.ts'
import { badRequest, conflict, notFound } from './refusal.ts'
import { containerRid, databaseRid } from './rid.ts'
import type { Storage } from './storage.ts'

interface Database {
  readonly n: number
  readonly id: string
  readonly rid: string
  readonly lsn: number
  readonly ts: number
}

type DatabaseRow = { n: number; id: string; lsn: number; ts: number }
type ContainerRow = DatabaseRow & { database: number; definition: string }

const documents = (table: string) => `
  CREATE TABLE ${table} (n INTEGER PRIMARY KEY, partition TEXT NOT NULL, id TEXT NOT NULL, lsn INTEGER NOT NULL, expires INTEGER, body TEXT NOT NULL);
  CREATE UNIQUE INDEX ${table}_key ON ${table} (partition, id);
  CREATE INDEX ${table}_lsn ON ${table} (lsn);
  CREATE INDEX ${table}_expires ON ${table} (expires) WHERE expires IS NOT NULL;
`

/** The account's databases and containers. What is read is kept; `forget` after a transaction that failed. */
export class Catalog {
  readonly #storage: Storage
  readonly #databases = new Map<string, Database>()
  readonly #containers = new Map<string, Container>()

  constructor(storage: Storage) {
    this.#storage = storage
    this.forget()
  }

  /** Reads again what is there. */
  forget(): void {
    this.#databases.clear()
    this.#containers.clear()
    const byNumber = new Map<number, Database>()
    for (const row of this.#storage.all('SELECT n, id, lsn, ts FROM databases ORDER BY n') as DatabaseRow[]) {
      const database = { ...row, rid: databaseRid(row.n) }
      byNumber.set(row.n, database)
      this.#databases.set(row.id, database)
    }
    for (const row of this.#storage.all('SELECT * FROM containers ORDER BY n') as ContainerRow[]) {
      const database = byNumber.get(row.database)
      if (database) this.#remember(database, { ...row, definition: JSON.parse(row.definition) })
    }
  }

  databases(): Database[] {
    return [...this.#databases.values()]
  }

  database(id: string): Database {
    const found = this.#databases.get(id)
    if (!found) throw notFound(`the database '${id}'`)
    return found
  }

  createDatabase(id: string, now: number): Database {
    checkName(id)
    if (this.#databases.has(id)) throw conflict(`the database '${id}'`)
    const lsn = this.#storage.nextLsn()
    const ts = Math.floor(now / 1000)
    // Numbers are not used again: a container of old must not be taken for a new one.
    this.#storage.run('INSERT INTO databases (n, id, lsn, ts) VALUES (?, ?, ?, ?)', lsn, id, lsn, ts)
    const database = { n: lsn, id, rid: databaseRid(lsn), lsn, ts }
    this.#databases.set(id, database)
    return database
  }

  deleteDatabase(id: string): void {
    const database = this.database(id)
    for (const container of this.containers(id)) this.deleteContainer(container)
    this.#storage.nextLsn()
    this.#storage.run('DELETE FROM databases WHERE n = ?', database.n)
    this.#databases.delete(id)
  }

  containers(database: string): Container[] {
    this.database(database)
    return [...this.#containers.values()].filter((container) => container.database.id === database)
  }

  allContainers(): Iterable<Container> {
    return this.#containers.values()
  }

  container(database: string, id: string): Container {
    const found = this.#containers.get(`${database}/${id}`)
    if (found) return found
    throw notFound(this.#databases.has(database) ? `the container '${id}'` : `the database '${database}'`)
  }

  createContainer(databaseId: string, definition: Definition, now: number): Container {
    const database = this.database(databaseId)
    checkName(definition.id)
    if (this.#containers.has(`${databaseId}/${definition.id}`)) throw conflict(`the container '${definition.id}'`)
    const lsn = this.#storage.nextLsn()
    const row = { n: lsn, id: definition.id, lsn, ts: Math.floor(now / 1000), definition }
    this.#storage.run(
      'INSERT INTO containers (n, database, id, lsn, ts, definition) VALUES (?, ?, ?, ?, ?, ?)',
      ...[row.n, database.n, row.id, row.lsn, row.ts, JSON.stringify(definition)],
    )
    const container = this.#remember(database, row)
    this.#storage.exec(documents(container.table))
    applyIndexing(this.#storage, container)
    return container
  }

  replaceContainer(container: Container, definition: Definition, now: number): void {
    if (definition.id !== container.id) throw badRequest('The id of a container cannot be changed.')
    if (JSON.stringify(definition.partitionKey.paths) !== JSON.stringify(container.definition.partitionKey.paths))
      throw badRequest('The partition key of a container cannot be changed.')
    container.definition = definition
    container.lsn = this.#storage.nextLsn()
    container.ts = Math.floor(now / 1000)
    this.#storage.run(
      'UPDATE containers SET definition = ?, lsn = ?, ts = ? WHERE n = ?',
      ...[JSON.stringify(definition), container.lsn, container.ts, container.n],
    )
    applyIndexing(this.#storage, container)
  }

  deleteContainer(container: Container): void {
    this.#storage.nextLsn()
    this.#storage.exec(`DROP TABLE ${container.table}`)
    this.#storage.run('DELETE FROM containers WHERE n = ?', container.n)
    this.#containers.delete(`${container.database.id}/${container.id}`)
  }

  showDatabase({ id, rid, lsn, ts }: Database): JsonObject {
    return {
      id,
      _rid: rid,
      _self: `dbs/${rid}/`,
      _etag: this.#storage.etag(lsn),
      _colls: 'colls/',
      _users: 'users/',
      _ts: ts,
    }
  }

  showContainer({ definition, rid, self, lsn, ts }: Container): JsonObject {
    const links = {
      _docs: 'docs/',
      _sprocs: 'sprocs/',
      _triggers: 'triggers/',
      _udfs: 'udfs/',
      _conflicts: 'conflicts/',
    }
    return { ...(definition as JsonObject), _rid: rid, _self: self, _etag: this.#storage.etag(lsn), ...links, _ts: ts }
  }

  #remember(database: Database, row: DatabaseRow & { definition: Definition }): Container {
    const container = new Container(database, { ...row, rid: containerRid(database.n, row.n) })
    this.#containers.set(`${database.id}/${row.id}`, container)
    return container
  }
}

/** Names of databases, containers and documents. */
export function checkName(id: unknown): asserts id is string {
  if (typeof id !== 'string' || id === '')
    throw badRequest("The input content is invalid because the required properties - 'id; ' - are missing")
  if (id.length > 1023 || /[/\\?#]/.test(id) || id.endsWith(' '))
    throw badRequest(
      `The id '${id}' is invalid: at most 1023 characters, without '/', '\\', '?' and '#', not ending with a space.`,
    )
}
