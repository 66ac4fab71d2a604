/** For tests: what a server read to answer a statement, as it ran with its values. */
export interface Explained {
  readonly name: string
  readonly sql: string
  readonly steps: readonly Step[]
}

/** One operator that reads a table, or an index of it. */
export interface Step {
  /** As the server calls it. */
  readonly operation: string
  readonly table: string
  readonly index: string | undefined
  /** Rows that it read, wanted or not. */
  readonly rows: number
  /** Whether it reads from one end on, with neither a key to begin at nor a TOP to end at. */
  readonly isScan: boolean
}

export interface Index {
  readonly table: string
  readonly name: string
}

/** More than a statement of a test asks for, and far less than its tables have. */
const tooMany = 100

/** The steps that take longer the more rows a table has: scans, and seeks that read more than they were asked for. */
export const growing = ({ name, steps }: Explained): string[] =>
  steps
    .filter(({ isScan, rows }) => isScan || rows > tooMany)
    .map(({ operation, table, index, rows }) => {
      const by = index === undefined ? '' : ` by ${index}`
      return `${name}: ${operation} of ${table}${by}, ${rows} rows`
    })

/** The indexes that none of the statements goes by. */
export function unused(indexes: readonly Index[], explained: readonly Explained[]): string[] {
  const used = new Set(explained.flatMap(({ steps }) => steps.map(({ index }) => index)))
  return indexes.filter(({ name }) => !used.has(name)).map(declared)
}

/** Babelfish adds the table and a hash to the name of an index that is no constraint. */
const declared = ({ table, name }: Index) => name.replace(new RegExp(`${table}[0-9a-f]{32}$`), '')
