import type { Step } from './explained.ts'

interface Operator {
  readonly name: string
  /** The one that it hands its rows to. */
  readonly above: Operator | undefined
  /** Ends after so many rows. */
  isTop: boolean
  isOrdered: boolean
  rows: number
}

type Attributes = Readonly<Record<string, string>>

const reading = new Set(['IndexScan', 'TableScan'])
/** They pass on each row as it comes. */
const passing = new Set(['Compute Scalar', 'Filter'])

/**
 * What a plan of SQL Server has read, from the XML of SET STATISTICS XML. Parameters that are tables, and what the plan makes for
 * itself, do not grow with the data, and are left out.
 * https://schemas.microsoft.com/sqlserver/2004/07/showplan
 */
export function stepsOf(xml: string): Step[] {
  const reads: { readonly operator: Operator; readonly table: string; readonly index: string | undefined }[] = []
  const elements: string[] = []
  let operator: Operator | undefined
  for (const { name, attributes, isEnd, isEmpty } of tags(xml)) {
    if (isEnd) {
      elements.pop()
      if (name === 'RelOp') operator = operator?.above
      continue
    }
    if (name === 'RelOp') operator = operatorOf(attributes, operator)
    else if (operator) describe(operator, name, attributes)
    const { Table: table, Index: index } = attributes
    if (operator && name === 'Object' && table !== undefined && reading.has(elements.at(-1) ?? ''))
      reads.push({ operator, table: plain(table), index: index && plain(index) })
    if (!isEmpty) elements.push(name)
  }
  return reads
    .filter(({ table }) => !/^[@#]/.test(table))
    .map(({ operator, table, index }) => {
      return { operation: operator.name, table, index, rows: operator.rows, isScan: isScan(operator) }
    })
}

function operatorOf({ PhysicalOp: name }: Attributes, above: Operator | undefined): Operator {
  if (name === undefined) throw new Error('an operator of the plan has no name')
  return { name, above, isTop: false, isOrdered: false, rows: 0 }
}

const isTrue = (text: string | undefined) => text === 'true' || text === '1'

function describe(operator: Operator, name: string, attributes: Attributes) {
  const { Ordered, RowCount, ActualRows = 0, ActualRowsRead = 0 } = attributes
  if (name === 'RunTimeCountersPerThread') operator.rows += Math.max(Number(ActualRows), Number(ActualRowsRead))
  else if (reading.has(name)) operator.isOrdered = isTrue(Ordered)
  // With a RowCount it is that of SET ROWCOUNT, which ends nothing here.
  else if (name === 'Top') operator.isTop = !isTrue(RowCount)
}

const plain = (name: string) => name.replaceAll(/^\[|\]$/g, '')

/** A walk in the order of an index ends at the TOP above it. */
function isScan({ name, isOrdered, above }: Operator): boolean {
  let next = above
  while (next && passing.has(next.name)) next = next.above
  return name.endsWith('Scan') && !(isOrdered && next?.isTop)
}

const tag = /<(\/?)([A-Za-z]\w*)((?:\s+[\w:]+="[^"]*")*)\s*(\/?)>/g
const attribute = /([\w:]+)="([^"]*)"/g

function* tags(xml: string) {
  for (const [, end, name = '', list = '', empty] of xml.matchAll(tag)) {
    const attributes: Attributes = Object.fromEntries(
      [...list.matchAll(attribute)].map(([, key, value]) => [key, value]),
    )
    yield { name, attributes, isEnd: end === '/', isEmpty: empty === '/' }
  }
}
