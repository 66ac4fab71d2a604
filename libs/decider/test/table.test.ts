import { describe, expect, expectTypeOf, test } from 'vitest'
import { type Table, table } from '../src/table.ts'

interface Ship {
  readonly name: string
  readonly captain: string | null
  readonly crew: readonly string[]
}

const ships: Table<Ship> = table<Ship>()({
  kind: 'ship',
  name: 'ships',
  id: 'uuid',
  columns: {
    name: { type: 'text', write: ({ name }) => name },
    captain: { type: 'uuid', write: ({ captain }) => captain },
    body: { type: 'json', write: ({ crew }) => ({ crew }) },
  },
  read: ({ name, captain, body }) => {
    expectTypeOf(name).toEqualTypeOf<string>()
    expectTypeOf(captain).toEqualTypeOf<string | null>()
    expectTypeOf(body).toEqualTypeOf<{ crew: readonly string[] }>()
    return { name, captain, crew: body.crew }
  },
})

describe('a table', () => {
  test('reads what its columns wrote', () => {
    const ship: Ship = { name: 'Flora', captain: null, crew: ['Ada'] }
    const values = Object.fromEntries(
      Object.entries(ships.columns).map(([name, { write }]) => [name, write(ship, '1')]),
    )
    expect(ships.read(values, '1')).toEqual(ship)
  })

  const declare = (name: string, kind: string, column: string) => () =>
    table<Ship>()({
      kind,
      name,
      id: 'text',
      columns: { [column]: { type: 'text', write: ({ name }: Ship) => name } },
      read: () => ({ name: '', captain: null, crew: [] }),
    })

  test.for([
    ['ships; DROP', 'ship', 'name', '"ships; DROP" must be small letters'],
    ['ships', 'ship', 'na"me', '"na"me" must be small letters'],
    ['ships', 'a:b', 'name', 'no colon: "a:b"'],
    ['ships', '', 'name', 'at least one character'],
    ['ships', 'ship', 'version', 'the column "version" is there without being declared'],
  ] as const)('of the name %s, the kind %s and the column %s is refused', ([name, kind, column, message]) => {
    expect(declare(name, kind, column)).toThrow(message)
  })

  test('with plain names is fine', () => {
    expect(declare('ships_2', 'ship', 'nick_name')).not.toThrow()
  })
})
