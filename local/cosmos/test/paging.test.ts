import type { IndexingPolicy } from '@azure/cosmos'
import { describe, expect, test } from 'vitest'
import { composite, emptyContainer, indexingPolicy, refusalOf } from './cosmos.ts'

describe('ORDER BY is refused where the policy has no index for it', () => {
  test.each([
    ['c.n', true],
    ['c.at.v', true],
    ['c.at.w', false],
    ['c.other', false],
    ['c.id', true],
    ['c.n, c.s DESC', true],
    ['c.n DESC, c.s', true],
    ['c.n, c.s', false],
    ['c.s, c.n', false],
  ])('%s: %s', async (order, isServed) => {
    const { container: strict } = await emptyContainer({
      indexingPolicy: {
        includedPaths: [{ path: '/n/?' }, { path: '/at/*' }],
        excludedPaths: [{ path: '/*' }, { path: '/at/w/?' }],
        compositeIndexes: [composite(['/n', 'ascending'], ['/s', 'descending'])],
      } as IndexingPolicy,
    })
    const answer = strict.items.query(`SELECT * FROM c ORDER BY ${order}`).fetchAll()
    if (isServed) expect((await answer).resources).toEqual([])
    else expect(await refusalOf(answer)).toMatchObject({ code: 400, message: expect.stringMatching(/order.by/) })
  })
})

describe('pages', () => {
  const many = async () => {
    const { container: large } = await emptyContainer({ indexingPolicy })
    const indexes = Array.from({ length: 25 }, (_, index) => index)
    for (const index of indexes)
      await large.items.create({ id: `i${index}`, pk: `p${index % 3}`, n: index, group: index % 4 })
    return large
  }

  test.each([
    ['SELECT VALUE c.n FROM c', 25],
    ['SELECT VALUE c.n FROM c ORDER BY c.group DESC', 25],
    ['SELECT VALUE c.n FROM c ORDER BY c.group, c.n DESC', 25],
    ['SELECT VALUE c.n FROM c WHERE c.n > 4', 20],
    ['SELECT TOP 17 VALUE c.n FROM c', 17],
    ['SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 3 LIMIT 15', 15],
    ['SELECT DISTINCT VALUE c.group FROM c', 4],
    ['SELECT VALUE c.missing FROM c', 0],
  ])('of %s have all results once, each page by the token of the one before', async (query, count) => {
    const large = await many()
    const whole = (await large.items.query(query, { maxItemCount: -1 }).fetchAll()).resources
    expect(whole).toHaveLength(count)
    expect(new Set(whole).size).toBe(count)
    const paged: unknown[] = []
    let continuationToken: string | undefined
    do {
      const options = { maxItemCount: 4, ...(continuationToken !== undefined && { continuationToken }) }
      const page = await large.items.query(query, options).fetchNext()
      expect(page.resources.length).toBeLessThanOrEqual(4)
      paged.push(...page.resources)
      continuationToken = page.continuationToken
    } while (continuationToken !== undefined)
    expect(paged).toEqual(whole)
  })

  test('neither lose nor repeat what was there when documents come and go between them', async () => {
    const large = await many()
    const query = large.items.query('SELECT VALUE c.n FROM c ORDER BY c.group', { maxItemCount: 10 })
    const first = (await query.fetchNext()).resources
    await large.item(`i${first[0]}`, `p${first[0] % 3}`).delete()
    await large.items.create({ id: 'new', pk: 'p', n: 99, group: 0 })
    const rest = [...(await query.fetchNext()).resources, ...(await query.fetchNext()).resources]
    expect([...first, ...rest].filter((n) => n !== 99).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 25 }, (_, n) => n),
    )
  })

  test('a token from elsewhere is refused', async () => {
    expect(
      await refusalOf((await many()).items.query('SELECT * FROM c', { continuationToken: 'what' }).fetchNext()),
    ).toMatchObject({ code: 400 })
  })

  test('end at 4 MB', async () => {
    const { container: heavy } = await emptyContainer()
    for (const id of ['a', 'b', 'c', 'd']) await heavy.items.create({ id, pk: 'x', text: 'x'.repeat(1_500_000) })
    const { resources, hasMoreResults } = await heavy.items.query('SELECT * FROM c', { maxItemCount: -1 }).fetchNext()
    expect([resources.length, hasMoreResults]).toEqual([3, true])
  })
})
