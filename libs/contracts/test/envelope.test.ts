import { describe, expect, it } from 'vitest'
import { open, seal, Unreadable } from '../src/envelope.ts'
import type { PublicEvent } from '../src/events.ts'

const orderId = '01900000-0000-7000-8000-000000000001'
const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const reserved: PublicEvent = {
  type: 'stock.reserved.v1',
  data: { orderId, reservedAt: '2026-01-02T03:04:05.000Z' },
}
const reasonOf = (body: string) => {
  try {
    return open(body)
  } catch (error) {
    return error instanceof Unreadable ? `${error.reason}: ${error.message}` : error
  }
}

describe('an envelope', () => {
  it('is a CloudEvent with the same id on the outside, and comes back as it was sealed', () => {
    const message = seal('reservation:1.1.0', reserved, now, '00-trace')
    expect(JSON.parse(message.body)).toEqual({
      specversion: '1.0',
      id: 'reservation:1.1.0',
      source: '/flotilla/inventory',
      type: 'stock.reserved.v1',
      subject: orderId,
      time: '2026-01-02T03:04:05.000Z',
      datacontenttype: 'application/json',
      data: reserved.data,
    })
    expect(message).toMatchObject({
      id: 'reservation:1.1.0',
      topic: 'inventory',
      type: 'stock.reserved.v1',
      correlationId: orderId,
      traceparent: '00-trace',
    })
    expect(open(message.body)).toMatchObject({ id: 'reservation:1.1.0', ...reserved })
  })
  it('may say more than its reader knows', () => {
    const body = JSON.parse(seal('a.1.0', reserved, now).body)
    body.data.aisle = 7
    body.extension = 'x'
    expect(open(JSON.stringify(body))).toMatchObject(reserved)
  })
  it('that cannot be read says why', () => {
    const body = JSON.parse(seal('a.1.0', reserved, now).body)
    expect(reasonOf('{')).toMatch(/^NotJson: /)
    expect(reasonOf('{"id":1}')).toMatch(/^NotACloudEvent: .*specversion/s)
    expect(reasonOf(JSON.stringify({ ...body, type: 'stock.stolen.v1' }))).toMatch(/^UnknownType: .*stock\.stolen\.v1/)
    expect(reasonOf(JSON.stringify({ ...body, data: { orderId: 'x' } }))).toMatch(/^BadData: .*orderId/s)
  })
})
