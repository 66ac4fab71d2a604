import type * as mssql from 'mssql'
import type { Found, Statement, Value } from './database.ts'
import { type Cell, type CellKind, cellNames, Rows, rowsType } from './rows.ts'

export type Driver = typeof mssql

/** Characters and bytes. Text that may be longer goes into a `t` cell of `Rows`. */
const longest = { text: 4_000, bytes: 8_000, key: 200, part: 60 }
const uuidLength = 16

/** The values of a statement: as parameters, never as text of it. */
export function bind(driver: Driver, request: mssql.Request, values: Statement['values'] = {}): mssql.Request {
  for (const [name, value] of Object.entries(values)) {
    const [type, bound] = typed(driver, name, value)
    request.input(name, type, bound)
  }
  return request
}

type Type = mssql.ISqlType | (() => mssql.ISqlType)

/** Text has one length for all, so that the server keeps one plan for a statement. */
function typed(driver: Driver, name: string, value: Value): [Type, unknown] {
  if (value instanceof Rows) return [driver.TVP(rowsType), tableOf(driver, name, value)]
  if (value === null || typeof value === 'string')
    return [driver.NVarChar(longest.text), value && fitting(name, value, longest.text)]
  if (typeof value === 'boolean') return [driver.Bit, value]
  if (typeof value === 'number') return [driver.BigInt, whole(name, value)]
  if (value.length < 1 || value.length > longest.bytes)
    throw new RangeError(`@${name} has ${value.length} bytes; from 1 to ${longest.bytes} are taken`)
  return [binary(driver, value.length), bufferOf(value)]
}

/** The type is named by `dbo`, where the migrations make it. */
function tableOf(driver: Driver, parameter: string, rows: Rows): mssql.Table {
  const table = new driver.Table(`dbo.${rowsType}`)
  const types: Record<CellKind, () => Type> = {
    k: () => driver.NVarChar(longest.key),
    t: () => driver.NVarChar(driver.MAX),
    n: () => driver.BigInt,
    u: () => binary(driver, uuidLength),
  }
  table.columns.add('part', driver.NVarChar(longest.part), { nullable: false })
  table.columns.add('position', driver.Int, { nullable: false })
  for (const name of cellNames) table.columns.add(name, types[kindOf(name)](), { nullable: true })
  for (const { part, position, cells } of rows.all) {
    const values = cellNames.map((name) => cellOf(`${parameter} ${part}.${name}`, kindOf(name), cells[name] ?? null))
    table.rows.add(fitting(`${parameter} part`, part, longest.part), position, ...values)
  }
  return table
}

const kindOf = (cell: string) => cell[0] as CellKind

/** Checked here, for what tedious cannot write breaks the request when it is half sent. */
function cellOf(name: string, kind: CellKind, cell: Cell): string | number | Buffer | null {
  if (cell === null) return null
  if (kind === 'n' && typeof cell === 'number') return whole(name, cell)
  if (kind === 'u' && cell instanceof Uint8Array && cell.length === uuidLength) return bufferOf(cell)
  if (kind === 't' && typeof cell === 'string') return cell
  if (kind === 'k' && typeof cell === 'string') return fitting(name, cell, longest.key)
  throw new TypeError(
    `@${name} cannot be a ${cell instanceof Uint8Array ? `value of ${cell.length} bytes` : typeof cell}`,
  )
}

function fitting(name: string, text: string, length: number): string {
  if (text.length > length)
    throw new RangeError(`@${name} is text of ${text.length} characters; at most ${length} are taken`)
  return text
}

function whole(name: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw new TypeError(`@${name} is ${value}; numbers are whole and safe integers`)
  return value
}

/** The types lack the length that `mssql` takes. */
const binary = (driver: Driver, length: number) =>
  (driver.Binary as unknown as (length: number) => mssql.ISqlType)(length)

const bufferOf = ({ buffer, byteOffset, length }: Uint8Array) => Buffer.from(buffer, byteOffset, length)

/** Rows as `Found`; tedious gives whole numbers of 64 bits as text. */
export function found(driver: Driver, result: mssql.IResult<Found>): (readonly Found[])[] {
  const sets = result.recordsets as mssql.IRecordSet<Record<string, unknown>>[]
  for (const rows of sets) {
    const numbers = Object.values(rows.columns).filter(({ type }) => type === driver.BigInt)
    for (const row of rows) for (const { name } of numbers) row[name] = wholeNumber(name, row[name])
  }
  return sets
}

function wholeNumber(column: string, value: unknown): number | null {
  if (value === null) return null
  const number = Number(value)
  if (!Number.isSafeInteger(number))
    throw new RangeError(`Column ${column} has a number that is no safe integer: ${value}`)
  return number
}
