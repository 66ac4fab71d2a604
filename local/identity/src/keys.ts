import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'

export interface SigningKey {
  kid: string
  privateKey: CryptoKey
}

/** The issuer's keys: one signs, those before it are published until the last token they signed has expired. */
export interface KeyRing {
  current(): SigningKey
  /** A new key signs from now on. Times are milliseconds since the epoch. */
  rotate(now: number, publishOldUntil: number): Promise<SigningKey>
  /** The public half of every key that may still verify a token. */
  published(now: number): JWK[]
  close(): void
}

interface Row {
  kid: string
  private_jwk: string
}

export async function openKeyRing(data: string | undefined, now: number): Promise<KeyRing> {
  const database = openDatabase(data)
  const signing = database.prepare('SELECT kid, private_jwk FROM signing_key WHERE retires_at IS NULL')
  const live = database.prepare(
    'SELECT kid, private_jwk FROM signing_key WHERE retires_at IS NULL OR retires_at > ? ORDER BY created_at, kid',
  )
  const retire = database.prepare('UPDATE signing_key SET retires_at = ? WHERE retires_at IS NULL')
  const prune = database.prepare('DELETE FROM signing_key WHERE retires_at <= ?')
  const insert = database.prepare('INSERT INTO signing_key (kid, private_jwk, created_at) VALUES (?, ?, ?)')

  async function add(now: number, publishOldUntil: number): Promise<SigningKey> {
    const { kid, jwk, privateKey } = await generate()
    database.exec('BEGIN IMMEDIATE')
    try {
      prune.run(now)
      retire.run(publishOldUntil)
      insert.run(kid, JSON.stringify(jwk), now)
      database.exec('COMMIT')
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
    return { kid, privateKey }
  }

  const kept = signing.get() as Row | undefined
  let current = kept ? await restore(kept) : await add(now, now)
  return {
    current: () => current,
    rotate: async (now, publishOldUntil) => {
      current = await add(now, publishOldUntil)
      return current
    },
    published: (now) => (live.all(now) as unknown as Row[]).map(publicJwk),
    close: () => database.close(),
  }
}

function openDatabase(data: string | undefined): DatabaseSync {
  if (data) mkdirSync(data, { recursive: true })
  const database = new DatabaseSync(data ? join(data, 'identity.db') : ':memory:')
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS signing_key (
      kid TEXT PRIMARY KEY,
      private_jwk TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      retires_at INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS one_key_signs ON signing_key ((retires_at IS NULL)) WHERE retires_at IS NULL;
  `)
  return database
}

/** A fresh RS256 key; its id is its RFC 7638 thumbprint. */
export async function generate(): Promise<SigningKey & { jwk: JWK }> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true })
  const jwk = await exportJWK(privateKey)
  return { kid: await calculateJwkThumbprint(jwk), jwk, privateKey }
}

async function restore(row: Row): Promise<SigningKey> {
  const key = await importJWK(JSON.parse(row.private_jwk), 'RS256')
  if (key instanceof Uint8Array) throw new Error(`key ${row.kid} in identity.db is not an RSA key`)
  return { kid: row.kid, privateKey: key }
}

function publicJwk(row: Row): JWK {
  const { kty, n, e } = JSON.parse(row.private_jwk) as { kty: string; n: string; e: string }
  return { kty, n, e, kid: row.kid, alg: 'RS256', use: 'sig' }
}
