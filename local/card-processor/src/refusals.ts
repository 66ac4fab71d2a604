export type ErrorType = 'card_error' | 'invalid_request_error' | 'idempotency_error' | 'api_error'

/** The error object of Stripe's API. `payment_intent` is the intent's state until it is rendered. */
export interface ErrorBody {
  type: ErrorType
  message: string
  code?: string
  decline_code?: string
  param?: string
  charge?: string
}

/** A request answered with one of Stripe's errors. Stripe's own wording is kept where clients are known to match on it. */
export class StripeRefusal extends Error {
  readonly status: number
  readonly body: ErrorBody

  constructor(status: number, body: ErrorBody) {
    super(body.message)
    this.status = status
    this.body = body
  }
}

export function invalid(message: string, param?: string, code?: string): StripeRefusal {
  return new StripeRefusal(400, {
    type: 'invalid_request_error',
    message,
    ...(code && { code }),
    ...(param && { param }),
  })
}

export function missingParameter(param: string): StripeRefusal {
  return invalid(`Missing required param: ${param}.`, param, 'parameter_missing')
}

export function unknownParameters(names: string[]): StripeRefusal {
  const message = `Received unknown parameter${names.length > 1 ? 's' : ''}: ${names.join(', ')}`
  return invalid(message, names[0], 'parameter_unknown')
}

export function noSuch(kind: 'payment_intent' | 'refund', id: string, param: string, status = 404): StripeRefusal {
  const message = `No such ${kind}: '${id}'`
  return new StripeRefusal(status, { type: 'invalid_request_error', code: 'resource_missing', message, param })
}

export function unexpectedState(message: string): StripeRefusal {
  return invalid(message, undefined, 'payment_intent_unexpected_state')
}

export function unrecognizedUrl(method: string, path: string): StripeRefusal {
  const message =
    `Unrecognized request URL (${method}: ${path}). ` +
    'This stand-in serves PaymentIntents (create, retrieve, confirm, cancel, list) and Refunds (create, retrieve, list).'
  return new StripeRefusal(404, { type: 'invalid_request_error', message })
}

export function unauthorized(message: string): StripeRefusal {
  return new StripeRefusal(401, { type: 'invalid_request_error', message })
}

export function otherParameters(key: string): StripeRefusal {
  const message =
    'Keys for idempotent requests can only be used with the same parameters they were first used with. ' +
    `Try using a key other than '${key}' if you meant to execute a different request.`
  return new StripeRefusal(400, { type: 'idempotency_error', message })
}

export function otherEndpoint(key: string, path: string, first: string): StripeRefusal {
  const message =
    `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${path}' vs '${first}'). ` +
    `Try using a key other than '${key}' if you meant to execute a different request.`
  return new StripeRefusal(400, { type: 'idempotency_error', message })
}

export function keyInUse(key: string): StripeRefusal {
  const message = `There is currently another in-progress request using this Idempotent Key (${key}). Try again later.`
  return new StripeRefusal(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message })
}

/** Another request holds the object. Stripe asks its clients to try again. */
export function lockTimeout(): StripeRefusal {
  const message =
    'This object cannot be accessed right now because another API request or Stripe process is currently accessing it. ' +
    'If you see this error intermittently, retry the request.'
  return new StripeRefusal(429, { type: 'invalid_request_error', code: 'lock_timeout', message })
}

export function tooManyRequests(): StripeRefusal {
  const message = 'Request rate limit exceeded.'
  return new StripeRefusal(429, { type: 'invalid_request_error', code: 'rate_limit', message })
}

export function apiError(message: string): StripeRefusal {
  return new StripeRefusal(500, { type: 'api_error', message })
}
