import { describe, expect, it } from 'vitest'
import { decide } from '../src/domain/decide.ts'
import { evolve } from '../src/domain/evolve.ts'
import { absent, type PaymentCommand, type PaymentEvent } from '../src/domain/payment.ts'

const orderId = '01900000-0000-7000-8000-000000000001'
const at = 1_000
const deadline = 601_000
const due = { orderId, customer: 'issuer|ada', amount: 900, currency: 'EUR', paymentMethod: 'pm_card_visa', deadline }
const charge = { type: 'Charge', ...due, at } as const
const cancel = { type: 'Cancel', orderId, deadline, at } as const
const requested: PaymentEvent = { type: 'Requested', ...due }
const created: PaymentEvent = { type: 'IntentCreated', intentId: 'pi_1' }
const heard: PaymentEvent = { type: 'CancellationHeard' }
const captured: PaymentEvent = { type: 'Captured', at }
const refundDue: PaymentEvent = { type: 'RefundDue', at }
const noteCapture = { type: 'NoteCapture', orderId, at } as const
const noteRefund = { type: 'NoteRefund', orderId, at } as const

const given = (...events: PaymentEvent[]) => ({
  when(command: PaymentCommand) {
    const decision = decide(events.reduce(evolve, absent), command)
    return decision.accepted ? decision.events : decision.refusal.code
  },
})

describe('P3: money follows the order', () => {
  it('stores its intent before it charges', () => {
    expect(given().when(charge)).toEqual([requested])
    expect(given(requested).when({ type: 'NoteIntent', orderId, intentId: 'pi_1', at })).toEqual([created])
    expect(given(requested, created).when(noteCapture)).toEqual([captured])
  })
  it('charges nothing past the deadline', () => {
    expect(given().when({ ...charge, at: deadline })).toEqual([
      requested,
      { type: 'Declined', reason: 'expired', at: deadline },
    ])
  })
  it('charges once, however often it is due', () => {
    expect(given(requested).when(charge)).toEqual([])
    expect(given(requested, created, captured).when(charge)).toEqual([])
  })
  it('charges nothing when the cancellation came first', () => {
    expect(given().when(cancel)).toEqual([{ type: 'Shut', orderId, deadline }])
    expect(given({ type: 'Shut', orderId, deadline }).when(charge)).toEqual([])
  })
  it('refunds what was captured when the order is cancelled, once', () => {
    expect(given(requested, created, captured).when(cancel)).toEqual([refundDue])
    expect(given(requested, created, captured, refundDue).when(cancel)).toEqual([])
    expect(given(requested, created, captured, refundDue).when(noteRefund)).toEqual([{ type: 'Refunded', at }])
  })
  it('refunds a capture that completes after the cancellation', () => {
    expect(given(requested, created).when(cancel)).toEqual([heard])
    expect(given(requested, created, heard).when(noteCapture)).toEqual([captured, refundDue])
    expect(given(requested, heard, created).when(noteCapture)).toEqual([captured, refundDue])
  })
  it('ends without a charge when the intent was cancelled in time', () => {
    expect(given(requested, created, heard).when({ type: 'NoteCancellation', orderId, at })).toEqual([
      { type: 'Cancelled' },
    ])
  })
  it('has nothing to give back after a decline', () => {
    const declined: PaymentEvent = { type: 'Declined', reason: 'generic_decline', at }
    expect(given(requested, created, declined).when(cancel)).toEqual([])
  })
})

describe('what came of a call', () => {
  it('is refused when it contradicts the payment', () => {
    expect(given().when(noteCapture)).toBe('contradiction')
    expect(given(requested, created, captured).when(noteCapture)).toBe('contradiction')
    expect(given(requested, created, captured).when(noteRefund)).toBe('contradiction')
    expect(given(requested, created, captured).when({ type: 'NoteDecline', orderId, reason: 'x', at })).toBe(
      'contradiction',
    )
  })
})
