import { expect, test } from 'vitest'
import { growing } from '../src/explaining/explained.ts'
import { stepsOf } from '../src/explaining/showplan.ts'

/** An operator of a plan, as SET STATISTICS XML tells it. */
const operator = (name: string, inside: string, rows = 1) => `<RelOp NodeId="0" PhysicalOp="${name}" EstimateRows="1">
  <OutputList><ColumnReference Table="[orders]" Column="id" /></OutputList>
  <RunTimeInformation>
    <RunTimeCountersPerThread Thread="0" ActualRows="1" ActualRowsRead="${rows}" ActualExecutions="1"/>
  </RunTimeInformation>
  ${inside}
</RelOp>`

const object = (table: string, index?: string) =>
  `<Object Database="[order]" Schema="[dbo]" Table="[${table}]" ${index ? `Index="[${index}]"` : ''} Storage="RowStore" />`

const read = (name: string, of: string, { rows = 1, ordered = '0' } = {}) =>
  operator(name, `<IndexScan Ordered="${ordered}" ScanDirection="FORWARD">${of}</IndexScan>`, rows)

const top = (below: string, rowCount = 'false') =>
  operator('Top', `<Top RowCount="${rowCount}" IsPercent="0"><TopExpression></TopExpression>${below}</Top>`)

const plan = (operators: string) => `<ShowPlanXML xmlns="http://schemas.microsoft.com/sqlserver/2004/07/showplan">
<BatchSequence><Batch><Statements><StmtSimple StatementText="SELECT [id] FROM orders WHERE [total] &gt; 5" StatementType="SELECT">
<QueryPlan>${operators}</QueryPlan></StmtSimple></Statements></Batch></BatchSequence></ShowPlanXML>`

const found = (operators: string) => growing({ name: 'list', sql: '', steps: stepsOf(plan(operators)) })

test('a plan is told as what it reads: the index, and the rows it read, wanted or not', () => {
  const seek = read('Index Seek', object('orders', 'orders_by_customer'), { rows: 7, ordered: '1' })
  const lookup = read('Clustered Index Seek', object('orders', 'orders_id'))
  expect(stepsOf(plan(operator('Nested Loops', `<NestedLoops Optimized="0">${seek}${lookup}</NestedLoops>`)))).toEqual([
    { operation: 'Index Seek', table: 'orders', index: 'orders_by_customer', rows: 7, isScan: false },
    { operation: 'Clustered Index Seek', table: 'orders', index: 'orders_id', rows: 1, isScan: false },
  ])
})

test('what is written is not read', () => {
  const seek = read('Clustered Index Seek', object('orders', 'orders_id'))
  const update = `<Update>${object('orders', 'orders_id')}${object('orders', 'orders_by_customer')}${seek}</Update>`
  expect(stepsOf(plan(operator('Clustered Index Update', update)))).toHaveLength(1)
})

test('a parameter that is a table, and what a plan makes for itself, may be scanned', () => {
  const spool = operator('Table Spool', '<Spool></Spool>', 5_000)
  expect(found(read('Clustered Index Scan', object('@rows', 'PK')) + spool)).toEqual([])
})

test.for([
  ['a scan of a table', read('Table Scan', object('orders'))],
  ['a scan in order', read('Clustered Index Scan', object('orders', 'orders_id'), { ordered: 'true' })],
  ['a scan in no order under a TOP', top(read('Index Scan', object('orders', 'orders_id')))],
  ['a sort under a TOP', top(operator('Sort', read('Index Scan', object('orders', 'orders_id'), { ordered: '1' })))],
  ['a scan of what SET ROWCOUNT limits', top(read('Index Scan', object('orders', 'x'), { ordered: '1' }), '1')],
  ['a seek of too many rows', read('Index Seek', object('orders', 'orders_by_customer'), { rows: 101 })],
  ['a walk of too many rows', top(read('Index Scan', object('orders', 'x'), { rows: 101, ordered: '1' }))],
])('%s grows', ([, operators]) => {
  expect(found(operators as string)).toEqual([expect.stringMatching(/^list: .* of orders/)])
})

test('a walk in the order of an index to a TOP does not grow', () => {
  const walk = read('Index Scan', object('outbox', 'outbox_by_age'), { ordered: 'true' })
  expect(found(top(walk))).toEqual([])
  expect(found(top(operator('Compute Scalar', `<ComputeScalar>${walk}</ComputeScalar>`)))).toEqual([])
})
