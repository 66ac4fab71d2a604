/** An answer other than success, in Cosmos DB's shape. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  /** Header `x-ms-substatus`. */
  readonly substatus: number
  /** Milliseconds; header `x-ms-retry-after-ms`. */
  readonly retryAfter: number | undefined

  constructor(status: number, message: string, { substatus = 0, retryAfter }: RefusalDetails = {}) {
    super(message)
    this.status = status
    this.code = codes[status] ?? 'InternalServerError'
    this.substatus = substatus
    this.retryAfter = retryAfter
  }
}

export interface RefusalDetails {
  readonly substatus?: number
  readonly retryAfter?: number | undefined
}

const codes: Record<number, string> = {
  304: 'NotModified',
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'RequestTimeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'PreconditionFailed',
  413: 'RequestEntityTooLarge',
  424: 'FailedDependency',
  429: 'TooManyRequests',
  449: 'RetryWith',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
}

export function badRequest(message: string, substatus = 0): Refusal {
  return new Refusal(400, message, { substatus })
}

export function notFound(what: string): Refusal {
  return new Refusal(404, `Entity with the specified id does not exist in the system: ${what}`)
}

export function conflict(what: string): Refusal {
  return new Refusal(409, `Entity with the specified id already exists in the system: ${what}`)
}

export function preconditionFailed(): Refusal {
  return new Refusal(412, 'Operation cannot be performed because one of the specified precondition is not met.')
}

/** What the real service has and this stand-in has not. */
export function unsupported(what: string): Refusal {
  return badRequest(`${what} not supported by this Cosmos DB stand-in.`)
}
