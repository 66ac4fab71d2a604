import { describe, expect, it } from 'vitest'
import type { DeadLetterEntry } from '../src/dead-letter.ts'
import { readCommand, UsageError } from '../src/dead-letter-command.ts'
import { reportExplanation, reportList, reportTreated } from '../src/dead-letter-report.ts'

const environment = { FLOTILLA_SERVICEBUS_CONNECTION_STRING: 'Endpoint=sb://there' }
const read = (line: string, env: NodeJS.ProcessEnv = environment) => readCommand(line.split(' ').filter(Boolean), env)

describe('the command line', () => {
  it('names a service, a verb and what it is about', () => {
    expect(read('replay 01-order.3.0 --service payment --json')).toEqual({
      verb: 'replay',
      service: 'payment',
      selection: { id: '01-order.3.0', reason: undefined },
      connection: { connectionString: 'Endpoint=sb://there' },
      json: true,
      personal: false,
    })
    expect(read('drop --all --reason BadData --service order').selection).toEqual({ id: undefined, reason: 'BadData' })
  })

  it('outdoes the environment', () => {
    expect(read('list --service order --namespace fleet.servicebus.windows.net').connection).toEqual({
      fullyQualifiedNamespace: 'fleet.servicebus.windows.net',
    })
  })

  for (const [line, complaint] of [
    ['', 'say list, explain, replay or drop'],
    ['mend --service order', '"mend" is none of list, explain, replay or drop'],
    ['list', '--service is missing: order, inventory, payment, notification'],
    ['list --service shipping', '--service "shipping" is none: order, inventory, payment, notification'],
    ['list --service order --quick', "Unknown option '--quick'"],
    ['list a --service order', 'list takes no id'],
    ['list --all --service order', '--all is for replay and drop, not for list'],
    ['explain --service order', 'explain what?'],
    ['replay --service order', 'replay what? give one id that list shows, or --all'],
    ['drop a --all --service order', 'drop what? give one id that list shows, or --all'],
    ['drop a b --service order', 'one id at a time: b is too much'],
    ['list --service order --connection-string a --namespace b', 'not both'],
  ] as const) {
    it(`says what is wrong with "${line}"`, () => {
      expect(() => read(line)).toThrow(UsageError)
      expect(() => read(line)).toThrow(complaint)
    })
  }

  it('says where the broker is to be named', () => {
    expect(() => read('list --service order', {})).toThrow('set FLOTILLA_SERVICEBUS_CONNECTION_STRING')
  })
})

const entry: DeadLetterEntry = {
  topic: 'orders',
  service: 'notification',
  sequenceNumber: '7',
  id: 'order-1.4.0',
  type: 'order.confirmed.v1',
  messageId: 'order-1.4.0.notification.r2',
  correlationId: 'order-1',
  reason: 'MaxDeliveryCountExceeded',
  description: 'TypeError:\n  total is not a number',
  deliveryCount: 10,
  replays: 2,
  enqueuedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  body: '{"id":"order-1.4.0","data":{"contact":{"email":"ada@example.org"},"total":null}}',
}

describe('the report', () => {
  const people = { json: false, personal: false }

  it('lists one line per message', () => {
    const [header, line, ...rest] = reportList([entry], people).split('\n')
    expect(header).toMatch(/^ID +TYPE +TOPIC +REASON +DELIVERED +REPLAYED +CAME AT +DESCRIPTION$/)
    expect(line).toContain('TypeError: total is not a number')
    expect(rest).toEqual([])
    expect(reportList([], people)).toBe('Nothing was put aside.')
  })

  it('explains with reason, deliveries, replays, trace and message', () => {
    const text = reportExplanation([entry], people)
    for (const part of [
      'MaxDeliveryCountExceeded',
      '10 times',
      '2 times',
      '0af7651916cd43dd8448eb211c80319c',
      '"total": null',
    ]) {
      expect(text).toContain(part)
    }
  })

  it('masks e-mail addresses unless they are asked for, in bodies that are no event too', () => {
    const broken = { ...entry, body: '{"email":"ada@example.org"' }
    for (const json of [true, false]) {
      const text = { ...entry, body: JSON.stringify('to ada@example.org') }
      expect(reportExplanation([text], { json, personal: false })).not.toContain('ada@')
      expect(reportExplanation([entry, broken], { json, personal: false })).not.toContain('ada@')
      expect(reportExplanation([entry], { json, personal: true })).toContain('ada@example.org')
      expect(reportList([entry, broken], { json, personal: false })).not.toContain('ada@')
    }
  })

  it('says what failed and is still there', () => {
    const text = reportTreated('replay', { done: [entry], failed: [{ entry, error: new Error('no room') }] }, people)
    expect(text.split('\n')).toEqual([
      'replayed order-1.4.0 (orders)',
      'FAILED order-1.4.0 (orders): no room',
      '1 replayed, 1 failed and are still there',
    ])
  })
})
