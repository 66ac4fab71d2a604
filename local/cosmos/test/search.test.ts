import { describe, expect, test } from 'vitest'
import { Catalog } from '../src/engine/catalog.ts'
import { type Container, readDefinition } from '../src/engine/container.ts'
import { Documents } from '../src/engine/documents.ts'
import type { Json, JsonObject } from '../src/engine/json.ts'
import { searchIn, searchStatements } from '../src/engine/search.ts'
import { Storage } from '../src/engine/storage.ts'
import { evaluate } from '../src/sql/evaluate.ts'
import { parseQuery } from '../src/sql/parser.ts'

const everywhere = { partition: undefined, isPrefix: false }

function containerWith(documents: readonly JsonObject[], indexed: readonly string[] = []) {
  const storage = new Storage(undefined, () => 'incarnation')
  const catalog = new Catalog(storage)
  catalog.createDatabase('d', 0)
  const indexingPolicy = { includedPaths: indexed.map((path) => ({ path })), excludedPaths: [{ path: '/*' }] }
  const container = catalog.createContainer(
    'd',
    readDefinition({ id: 'c', partitionKey: { paths: ['/pk'] }, indexingPolicy }),
    0,
  )
  const rows = new Documents(storage, () => 0)
  for (const [index, document] of documents.entries())
    rows.insert(container, { partition: '["a"]', id: String(index) }, { ...document, id: String(index) })
  return { storage, container }
}

function explain(storage: Storage, container: Container, where: string, partition?: string): string {
  const query = parseQuery(`SELECT * FROM c WHERE ${where}`)
  const search = { query, scope: { partition, isPrefix: false }, parameters: new Map(), now: 0 }
  const { rows, inOrder, values } = searchStatements(container, search)
  const explainOne = (sql: string, ...more: number[]) =>
    storage.all(`EXPLAIN QUERY PLAN ${sql}`, ...values, ...more).map(({ detail }) => detail)
  return (inOrder ? inOrder.flatMap((sql) => explainOne(sql)) : explainOne(rows, 0)).join('; ')
}

describe('how a query is searched', () => {
  const documents = Array.from({ length: 200 }, (_, index) => ({ pk: 'a', at: { due: index }, name: `n${index}` }))
  const { storage, container } = containerWith(documents, ['/at/due/?', '/name/?'])

  test.each([
    ['c.at.due < 5', 'at/due'],
    ['5 > c.at.due', 'at/due'],
    ['c.at.due >= 5 AND c.other = 1', 'at/due'],
    ['c.at.due = 5', 'at/due'],
    ['c.at.due IN (1, 2, 3)', 'at/due'],
    ['c.at.due BETWEEN 1 AND 2', 'at/due'],
    ['IS_DEFINED(c.at.due)', 'at/due'],
    ["c.name = 'n5'", 'name'],
    ["STARTSWITH(c.name, 'n5')", 'name'],
    ["c.name > 'n5'", 'name'],
    ['c.name = null', 'name'],
  ])('%s uses the index that the policy names', (where, path) => {
    expect(explain(storage, container, where)).toContain(`USING INDEX docs_2_by_${path}`)
  })

  test.each(['', ' DESC'])('the first by an indexed path are found without sorting%s', (direction) => {
    const plan = explain(storage, container, `IS_DEFINED(c.at.due) ORDER BY c.at.due${direction}`)
    expect(plan.match(/USING INDEX docs_2_by_at/g)).toHaveLength(4)
    expect(plan).not.toMatch(/TEMP B-TREE FOR ORDER BY/)
  })

  test.each(['', ' ORDER BY c.at.due', ' ORDER BY c.at.due DESC'])(
    'only the range between two bounds is looked at%s',
    (order) => {
      const query = parseQuery(`SELECT * FROM c WHERE c.at.due >= 150 AND c.at.due < 155${order}`)
      const search = { query, scope: everywhere, parameters: new Map(), now: 0 }
      const plan = explain(storage, container, `c.at.due >= 150 AND c.at.due < 155${order}`)
      expect(plan).toMatch(/^SEARCH docs_2 USING INDEX docs_2_by_at\/due \(<expr>>\? AND <expr><\?\)/)
      const source = searchIn(storage, container, search)
      const found = [...(source.inOrder?.() ?? source.rows(0))].map(({ text }) => JSON.parse(text).at.due)
      const range = [150, 151, 152, 153, 154]
      expect(found).toEqual(order.endsWith('DESC') ? range.reverse() : range)
      expect(source.inOrder === undefined).toBe(order === '')
    },
  )

  test('a query in one partition looks at no other', () => {
    expect(explain(storage, container, 'c.other > 5', '["a"]')).toContain(
      'SEARCH docs_2 USING INDEX docs_2_key (partition=?)',
    )
  })

  test('a path that no policy names is looked for in the order of the table', () => {
    expect(explain(storage, container, 'c.other > 5')).toBe('SEARCH docs_2 USING INTEGER PRIMARY KEY (rowid>?)')
  })
})

describe('what SQLite checks', () => {
  const values: Json[] = [
    ...[null, false, true, -1, 0, 1, 2, 1.5, 2 ** 53, -1e300, 1e-7, '', 'a', 'ab', 'abc', 'b', 'B', '1', 'null'],
    ...['é', '\u{1F600}', '\uFFFD', 'a\u0000b', '{}', [], [1], ['a'], {}, { a: 1 }, { a: null }],
  ]
  const documents: JsonObject[] = [{ pk: 'a' }, ...values.map((x) => ({ pk: 'a', x, y: { z: [x] } }))]
  const { storage, container } = containerWith(documents, ['/x/?'])

  const operators = ['=', '!=', '<', '<=', '>', '>=']
  const terms = [
    ...operators.flatMap((operator) => [`c.x ${operator} @p`, `@p ${operator} c.x`, `c.y.z[0] ${operator} @p`]),
    ...[
      'c.x IN (@p, 1, null)',
      'c.x BETWEEN @p AND 2',
      "c.x BETWEEN 'a' AND @p",
      'STARTSWITH(c.x, @p)',
      'IS_NULL(c.x)',
    ],
    ...['IS_DEFINED(c.x)', 'NOT (c.x = @p)', 'NOT IS_DEFINED(c.x)', 'ARRAY_CONTAINS(c.y.z, @p)', 'c.x = @p OR c.x < 1'],
    ...[
      'c.x >= @p AND c.y.z[0] <= @p',
      'c.x > @p OR c.missing = 1',
      'NOT (c.x < @p) AND IS_DEFINED(c.x)',
      'c["x"] = @p',
    ],
  ]

  test.each(terms)('%s finds what it means, whatever the value', (where) => {
    const query = parseQuery(`SELECT * FROM c WHERE ${where}`)
    for (const value of values) {
      const parameters = new Map([['@p', value]])
      const all = [
        ...searchIn(storage, container, {
          query: { where: undefined, orders: [] },
          parameters,
          scope: everywhere,
          now: 0,
        }).rows(0),
      ]
      const isMeant = ({ text }: { text: string }) =>
        evaluate(query.where ?? never, JSON.parse(text), parameters) === true
      const meant = all.filter(isMeant).map(({ n }) => n)
      const source = searchIn(storage, container, { query, parameters, scope: everywhere, now: 0 })
      const found = [...source.rows(0)]
      const kept = source.isExact ? found : found.filter(isMeant)
      expect(
        kept.map(({ n }) => n),
        JSON.stringify(value),
      ).toEqual(meant)
    }
  })
})

const never = { kind: 'constant', value: false } as const
