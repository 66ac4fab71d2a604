import type { Container, FeedOptions, JSONValue } from '@azure/cosmos'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCosmos } from '../src/server.ts'
import { clientOf, indexingPolicy, refusalOf } from './cosmos.ts'

const documents = [
  { id: '1', pk: 'x', n: 1, s: 'one', tags: ['a', 'b'], at: { v: 10 }, on: true },
  { id: '2', pk: 'x', n: 2, s: 'two', tags: [{ id: 'a', more: 1 }], at: { v: 5 }, on: false },
  { id: '3', pk: 'x', n: 3, s: 'Three', nothing: null, at: {} },
  { id: '4', pk: 'y', n: '1', s: 'one', list: [1, 2, 3], at: { v: 'text' } },
  { id: '5', pk: 'y', s: null, at: { v: true } },
  { id: '6', pk: 'z', n: -1.5, s: 'two', at: { v: 7 } },
]

let container: Container
beforeAll(async () => {
  const cosmos = await startCosmos()
  const client = clientOf(cosmos)
  const { database } = await client.databases.create({ id: 'd' })
  ;({ container } = await database.containers.create({ id: 'c', partitionKey: '/pk', indexingPolicy }))
  for (const document of documents) await container.items.create(document)
  afterClose = async () => {
    client.dispose()
    await cosmos.close()
  }
})
let afterClose: () => Promise<void>
afterAll(() => afterClose())

async function found(query: string, values: Record<string, JSONValue> = {}, options: FeedOptions = {}) {
  const parameters = Object.entries(values).map(([name, value]) => ({ name: `@${name}`, value }))
  return (await container.items.query({ query, parameters }, options).fetchAll()).resources
}

const idsWhere = (where: string, values: Record<string, JSONValue> = {}) =>
  found(`SELECT VALUE c.id FROM c WHERE ${where}`, values)

describe('WHERE', () => {
  test.each<[string, string[], Record<string, JSONValue>?]>([
    ['c.n = 1', ['1']],
    ["c.n = '1'", ['4']],
    ['c.n < @p', ['1', '6'], { p: 2 }],
    ['c.n >= 2', ['2', '3']],
    ['c.n != 1', ['2', '3', '6']],
    ['c.s = null', ['5']],
    ['c.s != null', ['1', '2', '3', '4', '6']],
    ['c.nothing = null', ['3']],
    ['c.nothing != null', []],
    ['c.missing = null', []],
    ['c.missing != 1', []],
    ['NOT (c.missing = 1)', []],
    ['NOT (c.n < 2)', ['2', '3']],
    ['c.n = 1 OR c.missing = 1', ['1']],
    ['c.n = 1 AND c.missing = 1', []],
    ["(c.n = 1 OR c.n = 2) AND c.s = 'two'", ['2']],
    ["c.n = 1 OR c.n = 2 AND c.s = 'one'", ['1']],
    ['c.n IN (1, 3, @p)', ['1', '3', '4'], { p: '1' }],
    ['c.n NOT IN (1, 2)', ['3', '4', '6']],
    ['c.n BETWEEN 1 AND 2', ['1', '2']],
    ['IS_DEFINED(c.nothing)', ['3']],
    ['NOT IS_DEFINED(c.n)', ['5']],
    ['IS_NULL(c.s)', ['5']],
    ['IS_NUMBER(c.n) AND NOT IS_STRING(c.s)', []],
    ["ARRAY_CONTAINS(c.tags, 'a')", ['1']],
    ['ARRAY_CONTAINS(c.tags, @p)', [], { p: { id: 'a' } }],
    ['ARRAY_CONTAINS(c.tags, @p, true)', ['2'], { p: { id: 'a' } }],
    ['ARRAY_CONTAINS(@p, c.id)', ['2', '6'], { p: ['2', '6'] }],
    ["STARTSWITH(c.s, 't')", ['2', '6']],
    ["STARTSWITH(c.s, 't', true)", ['2', '3', '6']],
    ["CONTAINS(c.s, 'hre') OR ENDSWITH(c.s, 'wo')", ['2', '3', '6']],
    ["LOWER(c.s) = 'three'", ['3']],
    ['ARRAY_LENGTH(c.list) = 3', ['4']],
    ['c.at.v > 5', ['1', '6']],
    ['c["at"]["v"] <= 5', ['2']],
    ['c.list[1] = 2', ['4']],
    ['c.on', ['1']],
    ['c.on = false', ['2']],
    ['c.n + 1 = 3', ['2']],
    ['-c.n = 1.5', ['6']],
    ['c.at = @p', ['2'], { p: { v: 5 } }],
    ['c.tags = ["a", "b"]', ['1']],
    ['c.s = "one" AND c.pk <> \'y\'', ['1']],
    ['c._ts > 0', ['1', '2', '3', '4', '5', '6']],
  ])('%s finds %j', async (where, ids, values) => {
    expect(await idsWhere(where, values)).toEqual(ids)
  })
})

describe('what is selected', () => {
  test.each<[string, unknown[]]>([
    [
      "SELECT c.n, c.s AS text FROM c WHERE c.pk = 'x'",
      [
        { n: 1, text: 'one' },
        { n: 2, text: 'two' },
        { n: 3, text: 'Three' },
      ],
    ],
    ["SELECT c.nothing, c.missing FROM c WHERE c.id IN ('1', '3')", [{}, { nothing: null }]],
    ['SELECT VALUE c.at.v FROM c', [10, 5, 'text', true, 7]],
    ['SELECT VALUE {id: c.id, list: [c.n, c.missing]} FROM c WHERE c.n = 1', [{ id: '1', list: [1] }]],
    ['SELECT 1, c.n + 1, c.s FROM items AS c WHERE c.n = 1', [{ $1: 1, $2: 2, s: 'one' }]],
    ["SELECT VALUE root.id FROM root WHERE root.pk = 'z'", ['6']],
    ['SELECT VALUE COUNT(1) FROM c', [6]],
    ['SELECT VALUE COUNT(c.n) FROM c', [5]],
    ["SELECT COUNT(1) AS many FROM c WHERE c.s = 'two'", [{ many: 2 }]],
    ['SELECT VALUE SUM(c.n) FROM c WHERE IS_NUMBER(c.n)', [4.5]],
    ['SELECT VALUE MAX(c.n) FROM c WHERE IS_NUMBER(c.n)', [3]],
    ['SELECT DISTINCT VALUE c.s FROM c WHERE IS_STRING(c.s) ORDER BY c.s', ['Three', 'one', 'two']],
    ['SELECT DISTINCT c.pk FROM c', [{ pk: 'x' }, { pk: 'y' }, { pk: 'z' }]],
    ['SELECT TOP 2 VALUE c.id FROM c', ['1', '2']],
    ['SELECT VALUE c.id FROM c ORDER BY c.id DESC OFFSET 1 LIMIT 2', ['5', '4']],
    ['SELECT VALUE c.id FROM c ORDER BY c.s, c.n DESC', ['5', '3', '4', '1', '2', '6']],
    ['SELECT VALUE c.id FROM c ORDER BY c.n', ['5', '6', '1', '2', '3', '4']],
    ['SELECT VALUE c.id FROM c ORDER BY c.at.v DESC', ['4', '1', '6', '2', '5', '3']],
  ])('%s', async (query, results) => {
    expect(await found(query)).toEqual(results)
  })

  test('whole documents come as they are stored', async () => {
    const [document] = await found("SELECT * FROM c WHERE c.id = '1'")
    expect(document).toEqual((await container.item('1', 'x').read()).resource)
    expect(await found("SELECT c FROM c WHERE c.id = '1'")).toEqual([{ c: document }])
  })

  test('within one partition', async () => {
    expect(await found('SELECT VALUE c.id FROM c', {}, { partitionKey: 'y' })).toEqual(['4', '5'])
    expect(await found('SELECT VALUE COUNT(1) FROM c', {}, { partitionKey: 'x' })).toEqual([3])
    expect(await found("SELECT VALUE c.id FROM c WHERE c.pk = 'x'", {}, { partitionKey: 'y' })).toEqual([])
  })

  test('with the plan that clients may insist on', async () => {
    const query = 'SELECT TOP 3 VALUE c.id FROM c ORDER BY c.id DESC'
    expect(await found(query, {}, { forceQueryPlan: true } as FeedOptions)).toEqual(['6', '5', '4'])
    expect(await found(query, {}, { enableQueryControl: true } as FeedOptions)).toEqual(['6', '5', '4'])
  })
})

describe('what is not supported is refused by name', () => {
  test.each([
    ['SELECT * FROM c JOIN t IN c.tags', 'JOIN'],
    ['SELECT c.s, COUNT(1) FROM c GROUP BY c.s', 'aggregate'],
    ['SELECT VALUE c.s FROM c GROUP BY c.s', 'GROUP BY'],
    ['SELECT * FROM c WHERE EXISTS(SELECT VALUE 1 FROM c)', 'subquery'],
    ['SELECT * FROM c WHERE c.id IN (SELECT VALUE 1 FROM c)', 'subquery'],
    ['SELECT VALUE ARRAY(SELECT VALUE t FROM t IN c.tags) FROM c', 'subquery'],
    ['SELECT * FROM (SELECT VALUE c FROM c) AS d', 'subquery'],
    ['SELECT * FROM t IN c.tags', 'IN in FROM'],
    ['SELECT * FROM c.at', 'path in FROM'],
    ["SELECT * FROM c WHERE c.s LIKE 't%'", 'LIKE'],
    ['SELECT * FROM c WHERE udf.mine(c.s)', 'user defined'],
    ["SELECT * FROM c WHERE RegexMatch(c.s, 'a')", 'REGEXMATCH'],
    ['SELECT * FROM c WHERE c.n & 1 = 1', 'bitwise'],
    ['SELECT * FROM c ORDER BY c.n + 1', 'ORDER BY'],
    ["SELECT * FROM c ORDER BY RANK FullTextScore(c.s, 'a')", 'RANK'],
    ['SELECT VALUE COUNT(1) + 1 FROM c', 'incorrect syntax'],
    ['SELECT VALUE 1 + COUNT(1) FROM c', 'aggregate COUNT'],
    ['SELECT * FROM c WHERE d.n = 1', "'d' could not be resolved"],
    ['SELECT * FROM c WHERE c.n =', 'unexpected end'],
    ['SELECT FROM c', 'incorrect syntax'],
    ['SELECT * FROM c WHERE c.n = #', "near '#'"],
    ['DELETE FROM c', "near 'DELETE'"],
    ['SELECT TOP -1 * FROM c', 'incorrect syntax'],
    ['SELECT * FROM c WHERE c.n = @missing', '@missing'],
    ["SELECT * FROM c WHERE STARTSWITH('a')", 'takes 2 to 3 parameters'],
    ['SELECT * FROM c LIMIT 1', 'incorrect syntax'],
    [`SELECT * FROM c WHERE ${'('.repeat(500)}c.n = 1${')'.repeat(500)}`, 'nested'],
  ])('%s', async (query, name) => {
    const { code, message } = await refusalOf(found(query))
    expect(code).toBe(400)
    expect(message).toContain(name)
  })
})
