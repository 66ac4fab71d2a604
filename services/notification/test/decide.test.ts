import { describe, expect, it } from 'vitest'
import { decide } from '../src/domain/decide.ts'
import { evolve } from '../src/domain/evolve.ts'
import { write } from '../src/domain/letter.ts'
import {
  absent,
  type KnownNotification,
  type NotificationCommand,
  type NotificationEvent,
} from '../src/domain/notification.ts'

const orderId = '01900000-0000-7000-8000-000000000001'
const told = { orderId, customer: 'issuer|ada', currency: 'EUR', total: 900, deadline: 601_000, toldAt: 1_000 }
const confirmed = { kind: 'order-confirmed', lines: [{ sku: 'TEA-1', quantity: 2, unitPrice: 450 }] } as const
const cancelled = { kind: 'order-cancelled', reason: 'expired' } as const
const tell = { type: 'Tell', ...told, end: confirmed, email: 'ada@example.com' } as const
const due: NotificationEvent = { ...tell, type: 'Due' }
const sent: NotificationEvent = { type: 'Sent', messageId: 'm@x', at: 2_000 }

const after = (...events: NotificationEvent[]) => events.reduce(evolve, absent)
const given = (...events: NotificationEvent[]) => ({
  when(command: NotificationCommand) {
    const decision = decide(after(...events), command)
    return decision.accepted ? decision.events : decision.refusal.code
  },
})

describe('P4: a customer is told each end of an order', () => {
  it('once, however often it is heard', () => {
    expect(given().when(tell)).toEqual([due])
    expect(given(due).when(tell)).toEqual([])
    expect(given(due, sent).when(tell)).toEqual([])
  })
  it('and never of two ends', () => {
    expect(given(due).when({ ...tell, end: cancelled })).toBe('contradiction')
  })
  it('with one Message-ID for one end', () => {
    const notification = after(due) as KnownNotification
    expect(write(notification, 'flotilla.example').messageId).toBe(`${orderId}.order-confirmed@flotilla.example`)
    expect(write(notification, 'flotilla.example')).toEqual(write(notification, 'flotilla.example'))
  })
  it('or it is remembered that the mail server refused', () => {
    const failed = { type: 'Failed', reason: 'refused with 550', at: 2_000 } as const
    expect(given(due).when({ type: 'NoteRefused', orderId, reason: failed.reason, at: failed.at })).toEqual([failed])
  })
})

it('the address is forgotten once the mail is out', () => {
  expect(JSON.stringify(after(due))).toContain('ada@example.com')
  expect(JSON.stringify(after(due, sent))).not.toContain('ada@example.com')
})

it('what came of a mail that is not due is refused', () => {
  expect(given(due, sent).when({ type: 'NoteSent', orderId, messageId: 'm@x', at: 3_000 })).toBe('contradiction')
})

it('the letter says what was bought and what it cost, or why it was cancelled', () => {
  const letter = write(after(due) as KnownNotification, 'flotilla.example')
  expect(letter.text).toContain('2 x TEA-1 at €4.50')
  expect(letter.text).toContain('Total: €9.00')
  const other = write(after({ ...due, end: cancelled } as NotificationEvent) as KnownNotification, 'flotilla.example')
  expect(other.text).toContain('could not be completed in time')
})
