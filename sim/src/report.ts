import type { Explained } from './explain.ts'
import type { Plan } from './plan.ts'
import type { Progress } from './pool.ts'
import type { Failure, Told, Totals } from './runner.ts'

/** With so many runs each fault and path that is expected must have happened. */
const enough = 10_000
/** Failing seeds that are shown. */
const shown = 5
const day = 86_400_000

export interface Summary {
  readonly from: number
  readonly totals: Totals
  readonly seconds: number
  /** Those of the expected counts that are not there. */
  readonly never: readonly string[]
}

export function summaryOf(totals: Totals, from: number, seconds: number, expected: readonly string[]): Summary {
  return { from, totals, seconds, never: expected.filter((name) => !totals.counts[name]) }
}

/** 0: every promise was kept and, over enough runs, everything happened that is to be tried. */
export function exitCodeOf({ totals, never }: Summary): number {
  const isTried = totals.runs > 0 && (totals.runs < enough || never.length === 0)
  return totals.failures.length === 0 && isTried ? 0 : 1
}

export function summaryText(summary: Summary): string {
  const { from, totals, seconds, never } = summary
  const rate = number(totals.runs / Math.max(seconds, 0.001))
  const days = totals.simulated / day
  return [
    `${number(totals.runs)} runs from seed ${from} in ${number(seconds, 1)} s: ${rate} runs/s`,
    `${number(days, 1)} days simulated (${number(days / 365.25, 1)} years), ${number(totals.steps)} steps`,
    ...coverage(totals.counts),
    ...(never.length === 0 ? [] : ['', neverText(totals.runs), ...never.toSorted().map((name) => `  ${name}`)]),
    '',
    ...verdict(totals),
  ].join('\n')
}

const neverText = (runs: number) =>
  runs < enough ? `never happened (an error from ${number(enough)} runs on)` : 'never happened, and so was not tried'

function verdict({ runs, failures }: Totals): string[] {
  if (runs === 0) return ['no run was done in time']
  if (failures.length === 0) return ['no promise was broken']
  const more = failures.length - shown
  return [
    `${number(failures.length)} of ${number(runs)} seeds failed`,
    ...failures.slice(0, shown).map(failureText),
    ...(more > 0 ? [`and ${number(more)} more: ${seeds(failures.slice(shown))}`] : []),
  ]
}

function seeds(failures: readonly Failure[]): string {
  const some = failures.slice(0, 50).map(({ seed }) => seed)
  return some.join(', ') + (some.length < failures.length ? ', …' : '')
}

/** Counts named `group: what`, by group and name. */
function coverage(counts: Totals['counts']): string[] {
  const groups = new Map<string, { name: string; times: string }[]>()
  for (const [full, times] of Object.entries(counts).toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const colon = full.indexOf(':')
    const [group, name] = colon < 0 ? ['other', full] : [full.slice(0, colon), full.slice(colon + 1).trim()]
    groups.set(group, [...(groups.get(group) ?? []), { name, times: number(times) }])
  }
  const rows = [...groups.values()].flat()
  const names = Math.max(0, ...rows.map(({ name }) => name.length))
  const digits = Math.max(0, ...rows.map(({ times }) => times.length))
  return [...groups].flatMap(([group, each]) => [
    '',
    group,
    ...each.map(({ name, times }) => `  ${name.padEnd(names)}  ${times.padStart(digits)}`),
  ])
}

export const failureText = ({ seed, findings }: Failure) => `seed ${seed}\n${findingsText(findings)}`

const findingsText = (findings: Failure['findings']) =>
  findings.map(({ promise, about, what }) => `  ${promise} ${about}: ${what}`).join('\n')

/** What is left of a failing run, its story, and how to see it again. */
export function explainedText({ plan, result, tries, whole }: Explained): string {
  if (result.findings.length === 0) {
    return `seed ${plan.seed} did not fail again: something in its run is not drawn from the seed`
  }
  const faults = Object.entries(result.counts).filter(([name]) => name.startsWith('fault:'))
  return [
    `seed ${plan.seed} shrunk in ${number(tries)} runs`,
    `  to ${plan.scenes.length} of ${number(whole.plan.scenes.length)} scenes`,
    ...plan.scenes.map((scene) => `    ${sceneText(scene)}`),
    `  and ${number(result.struck.length)} of ${number(whole.result.struck.length)} strikes${named(result.struck)}`,
    ...faults.map(([name, times]) => `    ${name}${times > 1 ? ` (${times} times)` : ''}`),
    storyText(result.story),
    findingsText(result.findings),
    again(plan.seed),
  ].join('\n')
}

const named = (strikes: readonly number[]) => (strikes.length === 0 ? '' : ` (${strikes.join(', ')})`)

export const again = (seed: number) => `once more: npm run sim -- --seed ${seed}`

export const storyText = (story: readonly string[]) => ['the story', ...story.map((line) => `  ${line}`)].join('\n')

function sceneText({ kind, ...rest }: Plan['scenes'][number]): string {
  const fields = Object.entries(rest).map(([name, value]) => `${name} ${plain(value)}`)
  return `${kind}: ${fields.join(', ')}`
}

const plain = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

export function passedText({ plan, result }: Told): string {
  const scenes = `${plan.scenes.length} scenes, ${result.struck.length} strikes, ${number(result.steps)} steps`
  return `seed ${plan.seed} broke no promise: ${scenes}, ${number(result.simulated / 3_600_000, 1)} hours simulated`
}

export function progressText({ runs, failed, seconds }: Progress, of: number): string {
  const whole = Number.isFinite(of) ? ` of ${number(of)}` : ''
  const seeds = failed.length > 0 ? `: seeds ${failed.slice(0, 5).join(', ')}${failed.length > 5 ? ' …' : ''}` : ''
  return `${number(runs)}${whole} runs, ${number(runs / Math.max(seconds, 0.001))} runs/s, ${number(failed.length)} failed${seeds}`
}

const number = (value: number, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits })
