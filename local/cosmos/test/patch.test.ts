import type { PatchRequestBody } from '@azure/cosmos'
import { describe, expect, test } from 'vitest'
import { emptyContainer, refusalOf } from './cosmos.ts'

async function patched(before: Record<string, unknown>, patch: PatchRequestBody) {
  const { container } = await emptyContainer()
  await container.items.create({ id: 'a', pk: 'x', ...before })
  const { resource } = await container.item('a', 'x').patch(patch)
  const { _rid, _self, _etag, _ts, _attachments, id, pk, ...rest } = resource
  return rest
}

describe('a patch', () => {
  test.each<[string, Record<string, unknown>, PatchRequestBody, Record<string, unknown>]>([
    ['adds a property', { v: 1 }, [{ op: 'add', path: '/w', value: { x: [1] } }], { v: 1, w: { x: [1] } }],
    ['adds into an array', { list: [1, 3] }, [{ op: 'add', path: '/list/1', value: 2 }], { list: [1, 2, 3] }],
    ['adds to the end of an array', { list: [1] }, [{ op: 'add', path: '/list/-', value: 2 }], { list: [1, 2] }],
    ['sets', { at: { v: 1 } }, [{ op: 'set', path: '/at/v', value: null }], { at: { v: null } }],
    ['sets a position of an array', { list: [1, 2] }, [{ op: 'set', path: '/list/0', value: 9 }], { list: [9, 2] }],
    ['replaces', { v: 1 }, [{ op: 'replace', path: '/v', value: 'two' }], { v: 'two' }],
    [
      'removes',
      { v: 1, list: [1, 2] },
      [
        { op: 'remove', path: '/v' },
        { op: 'remove', path: '/list/0' },
      ],
      { list: [2] },
    ],
    [
      'increments',
      { v: 1 },
      [
        { op: 'incr', path: '/v', value: 2.5 },
        { op: 'incr', path: '/n', value: -1 },
      ],
      { v: 3.5, n: -1 },
    ],
    ['unescapes names', { 'a/b': { '~': 1 } }, [{ op: 'set', path: '/a~1b/~0', value: 2 }], { 'a/b': { '~': 2 } }],
  ])('%s', async (_, before, patch, after) => {
    expect(await patched(before, patch)).toEqual(after)
  })

  test('moves', async () => {
    const move = { op: 'move', from: '/v', path: '/at/v' } as unknown as { op: 'remove'; path: string }
    expect(await patched({ v: 1, at: {} }, [move])).toEqual({ at: { v: 1 } })
  })

  test.each<[string, PatchRequestBody]>([
    ['replaces what is not there', [{ op: 'replace', path: '/none', value: 1 }]],
    ['removes what is not there', [{ op: 'remove', path: '/none' }]],
    ['has no parent', [{ op: 'set', path: '/none/v', value: 1 }]],
    ['increments a text', [{ op: 'incr', path: '/text', value: 1 }]],
    ['changes the id', [{ op: 'set', path: '/id', value: 'b' }]],
    ['changes the partition key', [{ op: 'set', path: '/pk', value: 'y' }]],
    ['changes a system property', [{ op: 'set', path: '/_etag', value: 'b' }]],
    ['has more than ten operations', Array.from({ length: 11 }, () => ({ op: 'incr' as const, path: '/v', value: 1 }))],
    ['has a position past the end', [{ op: 'add', path: '/list/3', value: 1 }]],
    ['has an operation that is none', [{ op: 'test', path: '/v', value: 1 } as never]],
    ['has a condition that is none', { operations: [{ op: 'incr', path: '/v', value: 1 }], condition: 'c.v = 1' }],
  ])('that %s is refused and changes nothing', async (_, patch) => {
    const { container } = await emptyContainer()
    const { etag } = await container.items.create({ id: 'a', pk: 'x', v: 1, text: 't', list: [1] })
    expect(await refusalOf(container.item('a', 'x').patch(patch))).toMatchObject({ code: 400 })
    expect((await container.item('a', 'x').read()).etag).toBe(etag)
  })

  test('is done only when its condition holds, names in the case they are written in', async () => {
    const { container } = await emptyContainer()
    await container.items.create({ id: 'a', pk: 'x', Status: 'open', v: 1 })
    const patch = (condition: string) =>
      container.item('a', 'x').patch({ operations: [{ op: 'incr', path: '/v', value: 1 }], condition })
    expect((await patch("from c where c.Status = 'open'")).resource).toMatchObject({ v: 2 })
    expect(await refusalOf(patch("from c where c.status = 'open'"))).toMatchObject({ code: 412 })
    expect(await refusalOf(patch('from c where c.v > 2'))).toMatchObject({ code: 412 })
    expect(await refusalOf(container.item('b', 'x').patch([{ op: 'incr', path: '/v', value: 1 }]))).toMatchObject({
      code: 404,
    })
  })

  test('of 50 increments at once counts every one', async () => {
    const { container } = await emptyContainer()
    await container.items.create({ id: 'a', pk: 'x', v: 0 })
    await Promise.all(
      Array.from({ length: 50 }, () => container.item('a', 'x').patch([{ op: 'incr', path: '/v', value: 1 }])),
    )
    expect((await container.item('a', 'x').read()).resource).toMatchObject({ v: 50 })
  })
})
