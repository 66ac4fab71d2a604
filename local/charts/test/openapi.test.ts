import { expect, it } from 'vitest'
import { reachable, strict } from '../src/openapi.ts'

it('an object that names its fields has no others', () => {
  expect(strict({ properties: { a: { items: { properties: { b: {} } } } } })).toEqual({
    additionalProperties: false,
    properties: { a: { items: { additionalProperties: false, properties: { b: {} } } } },
  })
})

it('an object that says it is open stays open', () => {
  const open = { properties: {}, 'x-kubernetes-preserve-unknown-fields': true }
  expect(strict(open)).toEqual(open)
  const map = { properties: {}, additionalProperties: { type: 'string' } }
  expect(strict(map)).toEqual(map)
})

it('what anyOf adds to an object does not close it', () => {
  const one = { anyOf: [{ properties: { a: {} } }] }
  expect(strict(one)).toEqual(one)
})

it('a port is a number or a name, and a quantity may be written as a number', () => {
  expect(strict({ type: 'string', format: 'int-or-string' }).anyOf).toEqual([{ type: 'string' }, { type: 'integer' }])
  const quantity = strict({ $ref: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity' })
  expect(quantity.anyOf).toEqual([{ type: 'string' }, { type: 'number' }])
  expect(quantity.$ref).toBeUndefined()
})

it('a definition comes with those that it speaks of, and no others', () => {
  const definitions = { a: { $ref: '#/definitions/b' }, b: { items: { $ref: '#/definitions/a' } }, c: {} }
  expect(Object.keys(reachable('a', definitions))).toEqual(['a', 'b'])
  expect(() => reachable('a', { a: { $ref: '#/definitions/gone' } })).toThrow('there is no definition gone')
})
