import type { CorrelationFilter, Rule } from '../rule.ts'
import { type Typed, types } from './rhea.ts'

/** Descriptors of the rule types, as the service documents them for AMQP request/response operations. */
const descriptor = {
  rule: 0x13700000004,
  emptyAction: 0x13700000005,
  trueFilter: 0x1370000007,
  correlationFilter: 0x1370000009,
} as const

const described = (code: number, fields: readonly unknown[]): Typed =>
  types.described(types.wrap_ulong(code), types.wrap_list(fields))

function correlation(filter: CorrelationFilter): Typed {
  const { contentType, correlationId, label, messageId, properties, replyTo, replyToSessionId, sessionId, to } = filter
  const texts = [correlationId, messageId, to, replyTo, label, sessionId, replyToSessionId, contentType]
  const map = Object.keys(properties).length ? types.wrap_map(properties) : null
  return described(descriptor.correlationFilter, [...texts.map((text) => text ?? null), map])
}

/** Rules as `enumerate-rules` returns them. */
export const describeRules = (rules: readonly Rule[]): { 'rule-description': Typed }[] =>
  rules.map(({ filter, name }) => {
    const filtered = filter ? correlation(filter) : described(descriptor.trueFilter, [])
    return { 'rule-description': described(descriptor.rule, [filtered, described(descriptor.emptyAction, []), name]) }
  })
