import type { Finding } from '@flotilla/verify/check'
import type { Attempt, PhaseFigures } from './attempts.ts'

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
  /** What `npm run verify` found; undefined when it did not come to that. */
  readonly findings: readonly Finding[] | undefined
  readonly orders: { readonly confirmed: number; readonly cancelled: number } | undefined
}

const most = 20

/** Everything held that was to be shown. */
export const isGood = ({ attempts, assertions, findings }: Outcome): boolean =>
  attempts.length > 0 &&
  attempts.every(({ status }) => status === 202) &&
  assertions.every(({ broken }) => broken === undefined) &&
  findings?.length === 0

/** The figures, as text. */
export function reportOf(outcome: Outcome): string {
  const { attempts, rollouts, assertions, findings, orders } = outcome
  const failed = attempts.filter(({ status }) => status !== 202)
  const ends = orders ? `, ${orders.confirmed} confirmed, ${orders.cancelled} cancelled` : ''
  return [
    ...phaseTable(outcome.phases),
    '',
    ...rollouts.map(({ what, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${what}`),
    '',
    ...assertions.map(({ what, broken }) => (broken === undefined ? `ok      ${what}` : `BROKEN  ${what}: ${broken}`)),
    ...(findings ?? []).slice(0, most).map(({ promise, about, what }) => `BROKEN  ${promise} ${about} ${what}`),
    ...doorLines(attempts),
    ...failed.slice(0, most).map(failure),
    ...(failed.length > most ? [`        … and ${failed.length - most} more`] : []),
    '',
    `${attempts.length} orders placed, ${failed.length} requests failed${ends}`,
    verdictOf(outcome),
  ].join('\n')
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
