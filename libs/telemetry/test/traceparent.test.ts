import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { contextFrom, formatTraceparent, parseTraceparent } from '../src/traceparent.ts'

const VALID = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('a traceparent survives reading and writing', () => {
  const parsed = parseTraceparent(VALID)
  expect(parsed).toEqual({
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    isRemote: true,
  })
  expect(formatTraceparent(parsed as NonNullable<typeof parsed>)).toBe(VALID)
})

test.each([
  ['absent', undefined],
  ['empty', ''],
  ['text', 'hello'],
  ['all-zero trace', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
  ['all-zero span', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
  ['upper case', VALID.toUpperCase()],
  ['version ff', VALID.replace(/^00/, 'ff')],
  ['more fields than version 00 has', `${VALID}-aa`],
  ['a newline and more', `${VALID}\nx-admin: true`],
])('a traceparent that is %s starts a new trace', (_, header) => {
  expect(parseTraceparent(header)).toBeUndefined()
  expect(contextFrom(header)).toBe(ROOT_CONTEXT)
})

test('a later version is read by the fields that are known', () => {
  expect(parseTraceparent(`01${VALID.slice(2)}-more`)?.traceId).toBe('0af7651916cd43dd8448eb211c80319c')
  expect(trace.getSpanContext(contextFrom(`01${VALID.slice(2)}`))?.spanId).toBe('b7ad6b7169203331')
})
