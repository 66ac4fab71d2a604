import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Trial, type TrialOptions, trials } from './trial.ts'

export interface Measured {
  readonly program: string
  readonly isCached: boolean
  /** Medians. */
  readonly readyMs: number
  readonly cpuMs: number
  readonly memoryMiB: number
}

const rounds = 5

/** How fast each program of an image is ready and with how much memory, without and with a warm compile cache. */
export async function measure(options: TrialOptions): Promise<Measured[]> {
  const cache = mkdtempSync(join(tmpdir(), 'flotilla-cache-'))
  try {
    const cached = { ...options, environment: { ...options.environment, NODE_COMPILE_CACHE: cache } }
    for await (const _warm of trials(cached));
    return [...(await medians(options, false)), ...(await medians(cached, true))]
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
}

async function medians(options: TrialOptions, isCached: boolean): Promise<Measured[]> {
  const found = new Map<string, Trial[]>()
  for (let round = 0; round < rounds; round += 1)
    for await (const trial of trials(options)) found.set(trial.program, [...(found.get(trial.program) ?? []), trial])
  return [...found].map(([program, all]) => ({
    program,
    isCached,
    readyMs: median(all.map(({ readyMs }) => readyMs)),
    cpuMs: median(all.map(({ used }) => used?.cpuMs ?? Number.NaN)),
    memoryMiB: median(all.map(({ used }) => used?.memoryMiB ?? Number.NaN)),
  }))
}

const median = (values: readonly number[]) =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN

export const lineOf = ({ program, isCached, readyMs, cpuMs, memoryMiB }: Measured): string =>
  `${program.padEnd(16)}${isCached ? 'compile cache' : 'no cache     '}   ready in ${readyMs.toFixed(0)} ms   ` +
  `CPU ${cpuMs.toFixed(0)} ms   ${memoryMiB.toFixed(0)} MiB`
