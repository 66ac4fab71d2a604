/** What the service answers instead of doing it: an AMQP error condition, and why. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** Such as `amqp:not-found`. */
  readonly condition: string
  /** The HTTP-like status that request/response links answer with. */
  readonly status: number

  constructor(condition: string, status: number, description: string) {
    super(description)
    this.condition = condition
    this.status = status
  }
}

export const notImplemented = (what: string): Refusal =>
  new Refusal('amqp:not-implemented', 501, `${what} not supported by this broker`)

export const notFound = (address: string): Refusal =>
  new Refusal('amqp:not-found', 404, `The messaging entity '${address}' could not be found.`)

export const lockLost = (): Refusal =>
  new Refusal(
    'com.microsoft:message-lock-lost',
    410,
    'The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.',
  )

export const messageNotFound = (sequences: readonly number[]): Refusal =>
  new Refusal(
    'com.microsoft:message-not-found',
    404,
    `Failed to find the message with sequence number ${sequences.join(', ')}.`,
  )

export const tooLarge = (size: number, limit: number): Refusal =>
  new Refusal('amqp:link:message-size-exceeded', 400, `The message is ${size} bytes; the limit is ${limit} bytes.`)

export const quotaExceeded = (quota: number): Refusal =>
  new Refusal(
    'amqp:resource-limit-exceeded',
    403,
    `The namespace holds ${quota} bytes, its quota. Receive or remove messages.`,
  )
