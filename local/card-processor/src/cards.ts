/** What happens when a payment method is charged, and later refunded. */
export interface Card {
  charge:
    | { kind: 'succeeds' }
    | { kind: 'declines'; code: string; declineCode?: string; message: string }
    | { kind: 'needs-authentication' }
    /** Succeeds, and answers only then. */
    | { kind: 'slow' }
    /** 500 the first time, without effect. */
    | { kind: 'fails-once' }
    /** 500, although the card was charged. */
    | { kind: 'fails-after' }
    /** No answer, although the card was charged. */
    | { kind: 'silent-after' }
    /** No answer the first time, without effect. */
    | { kind: 'silent-once' }
  refund: 'succeeds' | 'pending' | 'fails' | 'fails-once'
  brand: string
}

function declined(declineCode: string, message = 'Your card was declined.', code = 'card_declined'): Card {
  return card({ kind: 'declines', code, declineCode, message })
}

function card(
  charge: Card['charge'] = { kind: 'succeeds' },
  refund: Card['refund'] = 'succeeds',
  brand = 'visa',
): Card {
  return { charge, refund, brand }
}

const insufficientFunds = declined('insufficient_funds', 'Your card has insufficient funds.')
const needsAuthentication = card({ kind: 'needs-authentication' })
const expired: Card = card({ kind: 'declines', code: 'expired_card', message: 'Your card has expired.' })
const incorrectCvc: Card = card({
  kind: 'declines',
  code: 'incorrect_cvc',
  message: "Your card's security code is incorrect.",
})
const processingError: Card = card({
  kind: 'declines',
  code: 'processing_error',
  message: 'An error occurred while processing your card. Try again in a little bit.',
})

/** Stripe's own test payment methods (docs.stripe.com/testing), short names of older documentation included. */
const stripes: Record<string, Card> = {
  pm_card_visa: card(),
  pm_card_visa_debit: card(),
  pm_card_mastercard: card({ kind: 'succeeds' }, 'succeeds', 'mastercard'),
  pm_card_amex: card({ kind: 'succeeds' }, 'succeeds', 'amex'),
  pm_card_discover: card({ kind: 'succeeds' }, 'succeeds', 'discover'),
  pm_card_visa_chargeDeclined: declined('generic_decline'),
  pm_card_chargeDeclined: declined('generic_decline'),
  pm_card_visa_chargeDeclinedInsufficientFunds: insufficientFunds,
  pm_card_chargeDeclinedInsufficientFunds: insufficientFunds,
  pm_card_visa_chargeDeclinedLostCard: declined('lost_card'),
  pm_card_visa_chargeDeclinedStolenCard: declined('stolen_card'),
  pm_card_visa_chargeDeclinedFraudulent: declined('fraudulent'),
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: declined('card_velocity_exceeded'),
  pm_card_chargeDeclinedExpiredCard: expired,
  pm_card_visa_chargeDeclinedExpiredCard: expired,
  pm_card_chargeDeclinedIncorrectCvc: incorrectCvc,
  pm_card_visa_chargeDeclinedIncorrectCvc: incorrectCvc,
  pm_card_chargeDeclinedProcessingError: processingError,
  pm_card_visa_chargeDeclinedProcessingError: processingError,
  pm_card_authenticationRequired: needsAuthentication,
  pm_card_threeDSecure2Required: needsAuthentication,
  pm_card_threeDSecureRequired: needsAuthentication,
  pm_card_pendingRefund: card({ kind: 'succeeds' }, 'pending'),
  pm_card_refundFail: card({ kind: 'succeeds' }, 'fails'),
}

/** Our own, for what Stripe's test mode cannot be made to do. */
const ours: Record<string, Card> = {
  pm_card_slow: card({ kind: 'slow' }),
  pm_card_500_once: card({ kind: 'fails-once' }),
  pm_card_500_after: card({ kind: 'fails-after' }),
  pm_card_timeout: card({ kind: 'silent-after' }),
  pm_card_timeout_before: card({ kind: 'silent-once' }),
  pm_card_refund_pending: card({ kind: 'succeeds' }, 'pending'),
  pm_card_refund_fails_once: card({ kind: 'succeeds' }, 'fails-once'),
}

const cards = new Map(Object.entries({ ...stripes, ...ours }))

export function findCard(paymentMethod: string): Card | undefined {
  return cards.get(paymentMethod)
}
