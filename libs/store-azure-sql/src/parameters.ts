import type * as mssql from 'mssql'
import type { Found, Statement, Value } from './database.ts'
import { cellNames, Rows, rowsType } from './rows.ts'

export type Driver = typeof mssql

const longest = { text: 4_000, bytes: 8_000 }

/** The values of a statement: as parameters, never as text of it. */
export function bind(driver: Driver, request: mssql.Request, values: Statement['values'] = {}): mssql.Request {
  for (const [name, value] of Object.entries(values)) {
    const [type, bound] = typed(driver, name, value)
    request.input(name, type, bound)
  }
  return request
}

/** Text has one length for all, so that the server keeps one plan for a statement. */
function typed(driver: Driver, name: string, value: Value): [mssql.ISqlType | (() => mssql.ISqlType), unknown] {
  if (value === null) return [driver.NVarChar(longest.text), null]
  if (value instanceof Rows) return [driver.TVP(rowsType), tableOf(driver, value)]
  if (typeof value === 'string') {
    if (value.length > longest.text)
      throw new RangeError(
        `@${name} is text of ${value.length} characters; at most ${longest.text} are taken, longer goes into Rows`,
      )
    return [driver.NVarChar(longest.text), value]
  }
  if (typeof value === 'boolean') return [driver.Bit, value]
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`@${name} is ${value}; numbers are whole and safe integers`)
    return [driver.BigInt, value]
  }
  const { length } = value
  if (length < 1 || length > longest.bytes)
    throw new RangeError(`@${name} has ${length} bytes; from 1 to ${longest.bytes} are taken`)
  // The types lack the length that `mssql` takes.
  const binary = driver.Binary as unknown as (length: number) => mssql.ISqlType
  return [binary(length), Buffer.from(value.buffer, value.byteOffset, length)]
}

/** The type is named by `dbo`, where the migrations make it. */
function tableOf(driver: Driver, rows: Rows): mssql.Table {
  const table = new driver.Table(`dbo.${rowsType}`)
  const types = {
    k: driver.NVarChar(200),
    t: driver.NVarChar(driver.MAX),
    n: driver.BigInt,
    // The types lack the length that `mssql` takes.
    u: (driver.Binary as unknown as (length: number) => mssql.ISqlType)(16),
  }
  table.columns.add('part', driver.NVarChar(60), { nullable: false })
  table.columns.add('position', driver.Int, { nullable: false })
  for (const name of cellNames) table.columns.add(name, types[name[0] as keyof typeof types], { nullable: true })
  for (const { part, position, cells } of rows.all) {
    const values = cellNames.map((name) => {
      const cell = cells[name] ?? null
      return cell instanceof Uint8Array ? Buffer.from(cell.buffer, cell.byteOffset, cell.length) : cell
    })
    table.rows.add(part, position, ...values)
  }
  return table
}

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
