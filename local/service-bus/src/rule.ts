/** The parts of a message that a correlation filter may look at. Ids are compared as text. */
export interface Correlated {
  readonly contentType?: string | undefined
  readonly correlationId?: string | undefined
  readonly label?: string | undefined
  readonly messageId?: string | undefined
  readonly replyTo?: string | undefined
  readonly replyToSessionId?: string | undefined
  readonly sessionId?: string | undefined
  readonly to?: string | undefined
}

export type PropertyValue = string | number | boolean

/** All that is named must be equal; text is compared case-sensitively, as the service does. */
export interface CorrelationFilter extends Correlated {
  readonly properties: Readonly<Record<string, PropertyValue>>
}

export interface Rule {
  readonly name: string
  /** undefined is the TrueFilter: everything matches. */
  readonly filter: CorrelationFilter | undefined
}

export const defaultRule: Rule = { name: '$Default', filter: undefined }

const parts = [
  'label',
  'correlationId',
  'contentType',
  'messageId',
  'replyTo',
  'replyToSessionId',
  'sessionId',
  'to',
] as const satisfies readonly (keyof Correlated)[]

/** `properties` is asked for only when a filter names one, because decoding them costs. */
function matches(filter: CorrelationFilter, message: Correlated, properties: () => Record<string, unknown>): boolean {
  for (const part of parts) {
    const wanted = filter[part]
    if (wanted !== undefined && wanted !== message[part]) return false
  }
  return Object.entries(filter.properties).every(([name, value]) => properties()[name] === value)
}

/** Several rules of one subscription are OR: it gets the message once, however many match. */
export const matchesAny = (
  rules: readonly Rule[],
  message: Correlated,
  properties: () => Record<string, unknown>,
): boolean => rules.some((rule) => rule.filter === undefined || matches(rule.filter, message, properties))
