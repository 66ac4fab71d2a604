import type { DeadLetterEntry } from './dead-letter.ts'
import type { Treated } from './dead-letters.ts'

/** What people and programs read. Personal data is masked unless asked for. */
export interface ReportOptions {
  readonly json: boolean
  readonly personal: boolean
}

export function reportList(entries: readonly DeadLetterEntry[], { json, personal }: ReportOptions): string {
  if (json)
    return JSON.stringify(
      entries.map((entry) => presentable(entry, personal)),
      null,
      2,
    )
  if (entries.length === 0) return 'Nothing was put aside.'
  const header = ['ID', 'TYPE', 'TOPIC', 'REASON', 'DELIVERED', 'REPLAYED', 'CAME AT', 'DESCRIPTION']
  const rows = entries.map((entry) => [
    entry.id,
    entry.type,
    entry.topic,
    entry.reason,
    String(entry.deliveryCount),
    String(entry.replays),
    timeOf(entry),
    oneLine(entry.description),
  ])
  return table([header, ...rows])
}

/** One event may be here more than once: from two topics, or again after a replay. That is its history. */
export function reportExplanation(entries: readonly DeadLetterEntry[], { json, personal }: ReportOptions): string {
  if (json)
    return JSON.stringify(
      entries.map((entry) => presentable(entry, personal)),
      null,
      2,
    )
  return entries.map((entry) => explain(entry, personal)).join('\n\n')
}

export function reportTreated(verb: 'replay' | 'drop', { done, failed }: Treated, { json }: ReportOptions): string {
  const past = verb === 'replay' ? 'replayed' : 'dropped'
  if (json) {
    const brief = ({ id, messageId, topic }: DeadLetterEntry) => ({ id, messageId, topic })
    const failures = failed.map(({ entry, error }) => ({ ...brief(entry), error: error.message }))
    return JSON.stringify({ [past]: done.map(brief), failed: failures }, null, 2)
  }
  const lines = [
    ...done.map(({ id, topic }) => `${past} ${id} (${topic})`),
    ...failed.map(({ entry, error }) => `FAILED ${entry.id} (${entry.topic}): ${error.message}`),
    `${done.length} ${past}${failed.length > 0 ? `, ${failed.length} failed and are still there` : ''}`,
  ]
  return lines.join('\n')
}

function explain(entry: DeadLetterEntry, personal: boolean): string {
  const facts = [
    ['event', `${entry.id}  ${entry.type}`],
    ['subscription', `${entry.topic}/${entry.service}`],
    ['reason', entry.reason],
    ['description', entry.description],
    ['delivered', times(entry.deliveryCount)],
    ['replayed', times(entry.replays)],
    ['came at', timeOf(entry)],
    ['message id', entry.messageId],
    ['correlation id', entry.correlationId ?? 'none'],
    ['trace', entry.traceparent?.split('-')[1] ?? 'none'],
  ]
  const width = Math.max(...facts.map(([name = '']) => name.length))
  const event = eventOf(entry.body, personal)
  const body = typeof event === 'string' ? event : JSON.stringify(event, null, 2)
  return [...facts.map(([name = '', value]) => `${name.padEnd(width)}  ${value}`), '', body].join('\n')
}

function presentable({ body, enqueuedAt, ...entry }: DeadLetterEntry, personal: boolean) {
  return { ...entry, enqueuedAt: timeOf({ enqueuedAt }), event: eventOf(body, personal) }
}

/** The event, or its text where it is no JSON. */
function eventOf(body: string, personal: boolean): unknown {
  try {
    return JSON.parse(body, (key, value) => (personal ? value : masked(key, value)))
  } catch {
    return personal ? body : maskedText(body)
  }
}

/** What cannot be read may hold an address anywhere. */
function masked(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  return key === 'email' ? '(masked)' : maskedText(value)
}

const maskedText = (text: string): string => text.replace(/[^\s"'<>,;]+@[^\s"'<>,;]+/g, '(masked)')

const timeOf = ({ enqueuedAt }: Pick<DeadLetterEntry, 'enqueuedAt'>): string => new Date(enqueuedAt).toISOString()
const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ')
  return flat.length > 80 ? `${flat.slice(0, 79)}…` : flat
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
