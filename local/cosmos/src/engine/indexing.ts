import type { Container } from './container.ts'
import { readKeyPath } from './partition-key.ts'
import type { Storage } from './storage.ts'

/** A path within documents, as far as SQLite can follow it: names of letters, digits, `_` and `-`, and array positions. */
export type Path = readonly (string | number)[]

export function isSearchable(path: Path): boolean {
  return path.length > 0 && path.every((name) => typeof name === 'number' || /^[\w-]+$/.test(name))
}

/**
 * A value of documents as one SQLite value, such that equal values are equal and numbers and strings are in Cosmos DB's order:
 * numbers and strings as they are, null, false, true, array and object as the blobs 00 to 04, and NULL for what is not there.
 */
export function sortable(path: Path): string {
  const at = `'$${path.map((name) => (typeof name === 'number' ? `[${name}]` : `."${name}"`)).join('')}'`
  return (
    `CASE json_type(body, ${at}) WHEN 'null' THEN x'00' WHEN 'false' THEN x'01' WHEN 'true' THEN x'02' ` +
    `WHEN 'array' THEN x'03' WHEN 'object' THEN x'04' ELSE body ->> ${at} END`
  )
}

/**
 * The paths that a container's policy names one by one: `/a/b/?` among the included, and all of composite indexes. `/*`
 * names none.
 */
export function indexedPaths(container: Container): Path[] {
  const { includedPaths = [], compositeIndexes = [] } = container.definition.indexingPolicy ?? {}
  const included = includedPaths.flatMap(({ path }) => (path.endsWith('/?') ? [path.slice(0, -2)] : []))
  const composite = compositeIndexes.flat().map(({ path }) => path)
  const paths = [...included, ...composite]
    .filter((path) => path !== '' && !path.includes('*') && !path.includes('['))
    .map(readKeyPath)
  const distinct = new Map(paths.filter(isSearchable).map((path) => [JSON.stringify(path), path]))
  return [...distinct.values()]
}

const prefixOf = (container: Container) => `${container.table}_by_`

export const indexName = (container: Container, path: Path) => `"${prefixOf(container)}${path.join('/')}"`

/** Makes SQLite's indexes those of the policy. Documents without the path are not in its index. */
export function applyIndexing(storage: Storage, container: Container): void {
  const wanted = new Map(indexedPaths(container).map((path) => [indexName(container, path), path]))
  const names = storage.all("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?", container.table)
  for (const { name } of names) {
    const quoted = `"${String(name)}"`
    if (!String(name).startsWith(prefixOf(container)) || wanted.delete(quoted)) continue
    storage.exec(`DROP INDEX ${quoted}`)
  }
  for (const [name, path] of wanted)
    storage.exec(`CREATE INDEX ${name} ON ${container.table} (${sortable(path)}) WHERE ${sortable(path)} IS NOT NULL`)
}
