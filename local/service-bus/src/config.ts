import { z } from 'zod'
import { parseDuration } from './duration.ts'
import { type CorrelationFilter, defaultRule, type Rule } from './rule.ts'

/** What is settled by a queue or a subscription; durations in milliseconds, Infinity is for ever. */
export interface QueueSettings {
  readonly lockDuration: number
  readonly maxDeliveryCount: number
  readonly timeToLive: number
  readonly deadLetterExpired: boolean
}

/** What is settled by whatever is sent to: a queue or a topic. */
export interface InletSettings {
  readonly timeToLive: number
  /** Milliseconds a message id is remembered; undefined means duplicates are not looked for. */
  readonly duplicateWindow: number | undefined
}

export interface Topology {
  readonly namespace: string
  readonly queues: readonly { readonly name: string; readonly settings: QueueSettings & InletSettings }[]
  readonly topics: readonly {
    readonly name: string
    readonly settings: InletSettings
    readonly subscriptions: readonly {
      readonly name: string
      readonly settings: QueueSettings
      readonly rules: readonly Rule[]
    }[]
  }[]
}

/** The configuration says something this broker cannot do, or nothing it can read. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const duration = (least: number, most: number) =>
  z.string().transform((text, context) => {
    const milliseconds = parseDuration(text)
    if (milliseconds !== undefined && milliseconds >= least && milliseconds <= most) return milliseconds
    const problem = milliseconds === undefined ? 'is not an ISO 8601 duration such as PT1M' : 'is out of range'
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} ${problem} (${least} ms to ${most} ms)` })
    return z.NEVER
  })

const day = 86_400_000
const entityName = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._\-/]*[A-Za-z0-9_])?$/, 'is not a name Service Bus takes')
  .max(260)
const subscriptionName = entityName.max(50).regex(/^[^/]*$/, 'must not contain a slash')
const timeToLive = duration(1, Number.MAX_SAFE_INTEGER).default(Number.POSITIVE_INFINITY)
const unsupported = (what: string) => z.literal('', { error: `${what} is not supported; leave it empty` }).default('')

const inletProperties = {
  DefaultMessageTimeToLive: timeToLive,
  DuplicateDetectionHistoryTimeWindow: duration(1, 7 * day).default(60_000),
  RequiresDuplicateDetection: z.boolean().default(false),
}

const queueProperties = {
  DeadLetteringOnMessageExpiration: z.boolean().default(false),
  DefaultMessageTimeToLive: timeToLive,
  ForwardDeadLetteredMessagesTo: unsupported('forwarding dead letters'),
  ForwardTo: unsupported('auto-forwarding'),
  LockDuration: duration(1, 300_000).default(60_000),
  MaxDeliveryCount: z.int().min(1).max(2000).default(10),
  RequiresSession: z.literal(false, { error: 'sessions are not supported; set it to false' }).default(false),
}

const correlationFilter = z
  .strictObject({
    ContentType: z.string(),
    CorrelationId: z.string(),
    Label: z.string(),
    MessageId: z.string(),
    ReplyTo: z.string(),
    ReplyToSessionId: z.string(),
    SessionId: z.string(),
    To: z.string(),
    Properties: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  })
  .partial()
  .refine((filter) => Object.keys(filter).length > 0, 'a correlation filter names at least one thing to match')

/** The one SQL expression that is exact here: the service itself stores a TrueFilter so. */
const trueExpression = z.strictObject({
  SqlExpression: z.literal('1=1', { error: 'SQL filters are not supported, only "1=1"; use a correlation filter' }),
})

const ruleProperties = z.discriminatedUnion('FilterType', [
  z.strictObject({ FilterType: z.literal('Correlation'), CorrelationFilter: correlationFilter }),
  z.strictObject({ FilterType: z.literal('Sql'), SqlFilter: trueExpression }),
  z.strictObject({ FilterType: z.literal('True') }),
])

const rule = z.strictObject({ Name: subscriptionName.or(z.literal('$Default')), Properties: ruleProperties })

const subscription = z.strictObject({
  Name: subscriptionName,
  Properties: z.strictObject(queueProperties).prefault({}),
  Rules: z.array(rule).optional(),
})

const namespace = z.strictObject({
  Name: z.string().min(1),
  Queues: z
    .array(
      z.strictObject({
        Name: entityName,
        Properties: z.strictObject({ ...queueProperties, ...inletProperties }).prefault({}),
      }),
    )
    .default([]),
  Topics: z
    .array(
      z.strictObject({
        Name: entityName,
        Properties: z.strictObject(inletProperties).prefault({}),
        Subscriptions: z.array(subscription).default([]),
      }),
    )
    .default([]),
})

const emulatorConfig = z.strictObject({
  UserConfig: z.strictObject({
    Namespaces: z.array(namespace).length(1, 'exactly one namespace is served'),
    /** Where Microsoft's emulator writes its log: taken and without effect here. */
    Logging: z.unknown().optional(),
  }),
})

function filterOf(properties: z.infer<typeof ruleProperties>): CorrelationFilter | undefined {
  if (properties.FilterType !== 'Correlation') return undefined
  const filter = properties.CorrelationFilter
  return {
    contentType: filter.ContentType,
    correlationId: filter.CorrelationId,
    label: filter.Label,
    messageId: filter.MessageId,
    replyTo: filter.ReplyTo,
    replyToSessionId: filter.ReplyToSessionId,
    sessionId: filter.SessionId,
    to: filter.To,
    properties: filter.Properties ?? {},
  }
}

const queueSettings = (properties: z.infer<typeof subscription>['Properties']): QueueSettings => ({
  lockDuration: properties.LockDuration,
  maxDeliveryCount: properties.MaxDeliveryCount,
  timeToLive: properties.DefaultMessageTimeToLive,
  deadLetterExpired: properties.DeadLetteringOnMessageExpiration,
})

const inletSettings = (
  properties: z.infer<typeof namespace>['Topics'][number]['Properties'],
): Omit<InletSettings, never> => ({
  timeToLive: properties.DefaultMessageTimeToLive,
  duplicateWindow: properties.RequiresDuplicateDetection ? properties.DuplicateDetectionHistoryTimeWindow : undefined,
})

function refuseTwins(where: string, names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name.toLowerCase())) throw new ConfigError(`${where}: ${name} is declared twice (case does not count)`)
    seen.add(name.toLowerCase())
  }
}

/** `UserConfig.Topics[0].Name` rather than a list of keys. */
const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index ? '.' : ''}${String(key)}`)).join('')

/**
 * Reads the configuration of Microsoft's Service Bus emulator.
 * @throws ConfigError naming the path of every setting that is unknown, wrong or not supported here
 */
export function parseConfig(config: unknown): Topology {
  const parsed = emulatorConfig.safeParse(config)
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${pathOf(issue.path)}: ${issue.message}`).join('\n'))
  }
  const [declared] = parsed.data.UserConfig.Namespaces as [z.infer<typeof namespace>]
  refuseTwins(
    'Queues and Topics',
    [...declared.Queues, ...declared.Topics].map((entity) => entity.Name),
  )
  const queues = declared.Queues.map(({ Name, Properties }) => ({
    name: Name,
    settings: { ...queueSettings(Properties), ...inletSettings(Properties) },
  }))
  const topics = declared.Topics.map((topic) => {
    refuseTwins(
      `Topics ${topic.Name}`,
      topic.Subscriptions.map((entry) => entry.Name),
    )
    return {
      name: topic.Name,
      settings: inletSettings(topic.Properties),
      subscriptions: topic.Subscriptions.map(({ Name, Properties, Rules }) => {
        refuseTwins(
          `Topics ${topic.Name}, subscription ${Name}, Rules`,
          (Rules ?? []).map((entry) => entry.Name),
        )
        const rules = Rules?.map((entry) => ({ name: entry.Name, filter: filterOf(entry.Properties) }))
        return { name: Name, settings: queueSettings(Properties), rules: rules?.length ? rules : [defaultRule] }
      }),
    }
  })
  return { namespace: declared.Name, queues, topics }
}
