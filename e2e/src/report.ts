import type { Attempt, PhaseFigures } from './attempts.ts'
import type { Ends, Found } from './ends.ts'

/** A release that was rolled, taken back, or put on another node. */
export interface Rollout {
  readonly what: string
  readonly seconds: number
}

/** Something that must be so, and was or was not. */
export interface Assertion {
  readonly what: string
  /** Why not; undefined when it holds. */
  readonly broken: string | undefined
}

export interface Outcome {
  readonly phases: readonly PhaseFigures[]
  readonly attempts: readonly Attempt[]
  readonly rollouts: readonly Rollout[]
  readonly assertions: readonly Assertion[]
  /** What was to be shown, and could not be on this cluster. */
  readonly notDone: readonly string[]
  /** What `npm run verify` found, and ends that nobody asked for; undefined when it did not come to that. */
  readonly findings: readonly Found[] | undefined
  readonly ends: Ends | undefined
}

const most = 20

/** Everything held that was to be shown. */
export const isGood = ({ attempts, assertions, findings, ends }: Outcome): boolean =>
  attempts.length > 0 &&
  attempts.every(({ status }) => status === 202) &&
  assertions.every(({ broken }) => broken === undefined) &&
  findings?.length === 0 &&
  ends !== undefined &&
  ends.confirmed > 0

/** The figures, as text. */
export function reportOf(outcome: Outcome): string {
  const { attempts, rollouts, assertions, notDone, findings } = outcome
  const failed = attempts.filter(({ status }) => status !== 202)
  return [
    ...phaseTable(outcome.phases),
    '',
    ...rollouts.map(({ what, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${what}`),
    '',
    ...assertions.map(({ what, broken }) => (broken === undefined ? `ok      ${what}` : `BROKEN  ${what}: ${broken}`)),
    ...notDone.map((what) => `not done: ${what}`),
    ...(findings ?? []).slice(0, most).map(({ promise, about, what }) => `BROKEN  ${promise} ${about} ${what}`),
    ...((findings ?? []).length > most ? [`        … and ${(findings ?? []).length - most} more`] : []),
    ...doorLines(attempts),
    ...failed.slice(0, most).map(failure),
    ...(failed.length > most ? [`        … and ${failed.length - most} more`] : []),
    '',
    `${attempts.length} orders placed, ${failed.length} requests failed${endsOf(outcome)}`,
    verdictOf(outcome),
  ].join('\n')
}

const always = { 'payment-declined': 0, 'out-of-stock': 0, expired: 0 }

function endsOf({ ends, findings = [] }: Outcome): string {
  if (!ends) return ''
  const cancelled = Object.entries({ ...always, ...ends.cancelled })
  const total = cancelled.reduce((sum, [, count]) => sum + count, 0)
  const asked = findings.some(({ promise }) => promise === 'P7') ? 'NOT as asked' : 'all as asked'
  const reasons = cancelled.map(([reason, count]) => `${count} ${reason}`).join(', ')
  return `, ${ends.confirmed} confirmed, ${total} cancelled: ${reasons} (${asked})`
}

function verdictOf(outcome: Outcome): string {
  if (isGood(outcome)) return 'every promise is kept'
  return outcome.findings === undefined ? 'the promises were not checked' : 'NOT GOOD: see above'
}

const number = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(1))

function phaseTable(phases: readonly PhaseFigures[]): string[] {
  const row = (cells: readonly string[]) =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(44) : cell.padStart(9))).join(' ')
  return [
    row(['phase', 'seconds', 'requests', 'failed', 'p50 ms', 'p99 ms', 'max ms']),
    ...phases.map(({ name, seconds, requests, failed, p50, p99, slowest }) =>
      row([name, number(seconds), `${requests}`, `${failed.length}`, number(p50), number(p99), number(slowest)]),
    ),
  ]
}

function doorLines(attempts: readonly Attempt[]): string[] {
  return [...Map.groupBy(attempts, ({ door }) => door)].map(([door, of]) => {
    const failed = of.filter(({ status }) => status !== 202).length
    return `        ${of.length} orders through ${door}, ${failed} failed`
  })
}

const failure = ({ door, at, took, status, said }: Attempt) =>
  `FAILED  ${new Date(at).toISOString()} ${door} after ${number(took)} ms: ${status === 0 ? said : `${status} ${said}`}`
