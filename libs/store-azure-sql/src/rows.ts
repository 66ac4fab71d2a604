/** Text as it lies in the tables: case-sensitive, in the order of its code points. */
export const binary = 'COLLATE Latin1_General_100_BIN2'

/**
 * Many rows as one table-valued parameter. All statements share one type, `dbo.parameter_rows`: a type cannot be altered while a
 * release uses it, so one that knows no columns of ours never stands in the way of a migration. `k` cells hold ids, `t` cells text,
 * `n` cells whole numbers, `u` cells UUIDs.
 */
export const cellCounts = { k: 2, t: 12, n: 14, u: 4 } as const
export type CellKind = keyof typeof cellCounts
export const rowsType = 'parameter_rows'

export type Cell = string | number | Uint8Array | null

/** `k1`, `k2`, `t1` … : in the order of the type. */
export const cellNames: readonly string[] = Object.entries(cellCounts).flatMap(([kind, count]) =>
  Array.from({ length: count }, (_, index) => `${kind}${index + 1}`),
)

/** A row of the parameter: the cells that are not NULL, by name. */
export interface ParameterRow {
  /** Which rows of the parameter belong together. */
  readonly part: string
  /** Their order within the part, and so the order of locks. */
  readonly position: number
  readonly cells: Readonly<Record<string, Cell>>
}

/**
 * Babelfish builds a statement of its own around the text of a table-valued parameter, and does not double its apostrophes. So that
 * every server takes every text, an apostrophe travels as a noncharacter, which text must not have
 * (https://www.unicode.org/faq/private_use.html#noncharacters).
 */
const apostrophe = '\u{fdd0}'
const restored = (cell: string) => `REPLACE([${cell}] ${binary}, NCHAR(${apostrophe.codePointAt(0)}), NCHAR(39))`

function travelling(cell: Cell): Cell {
  if (typeof cell !== 'string') return cell
  if (cell.includes(apostrophe)) throw new RangeError('text has the noncharacter U+FDD0')
  return cell.replaceAll("'", apostrophe)
}

export class Rows {
  readonly all: ParameterRow[] = []
  readonly #counts = new Map<string, number>()

  /** Adds a row at the end of its part. */
  add(part: string, cells: Readonly<Record<string, Cell>>): void {
    const position = (this.#counts.get(part) ?? 0) + 1
    this.#counts.set(part, position)
    const travellers = Object.entries(cells).map(([name, cell]) => [name, travelling(cell)])
    this.all.push({ part, position, cells: Object.fromEntries(travellers) })
  }

  has(part: string): boolean {
    return this.#counts.has(part)
  }
}

/** Which cells named columns lie in. */
export interface Layout<Name extends string> {
  cells(values: Readonly<Record<Name, Cell>>): Record<string, Cell>
  /** `(SELECT [k1] AS [id], … FROM @rows WHERE [part] = N'…')` */
  from(part: string): string
}

const plainPart = /^[a-z][a-z0-9_]*$/

/** Throws a `TypeError` when there are more columns of a kind than cells. */
export function layoutOf<Name extends string>(columns: Readonly<Record<Name, CellKind>>): Layout<Name> {
  const used = { k: 0, t: 0, n: 0, u: 0 }
  const placed = (Object.entries(columns) as [Name, CellKind][]).map(([name, kind]) => {
    used[kind] += 1
    if (used[kind] > cellCounts[kind])
      throw new TypeError(`${name} is one column too many: a row parameter has ${cellCounts[kind]} cells of its kind`)
    return { name, cell: `${kind}${used[kind]}` }
  })
  const list = placed
    .map(({ name, cell }) => `${/^[kt]/.test(cell) ? restored(cell) : `[${cell}]`} AS [${name}]`)
    .join(', ')
  return {
    cells: (values) => Object.fromEntries(placed.map(({ name, cell }) => [cell, values[name]])),
    from(part) {
      if (!plainPart.test(part)) throw new TypeError(`"${part}" must be small letters, digits and underscores`)
      return `(SELECT [position], ${list} FROM @rows WHERE [part] = N'${part}')`
    },
  }
}
