import type { Clock } from '@flotilla/decider/clock'

/** A ceiling that doubles with each failure, in milliseconds. */
export interface Backoff {
  readonly base: number
  readonly cap: number
}

const ceiling = ({ base, cap }: Backoff, failures: number) => Math.min(cap, base * 2 ** failures)

/** Anywhere up to the ceiling ("full jitter"), in whole milliseconds: for many things that are tried again independently of each other. */
export const spread = (backoff: Backoff, failures: number, clock: Clock): number =>
  Math.round(ceiling(backoff, failures) * clock.random())

/** Between three quarters of a period and all of it, in whole milliseconds: replicas do not fall into step. */
export const period = (every: number, clock: Clock): number => Math.round(every * (0.75 + clock.random() / 4))

/** Between half the ceiling and all of it, in whole milliseconds: for one thing that must not be tried again at once. */
export const pause = (backoff: Backoff, failures: number, clock: Clock): number =>
  Math.round(ceiling(backoff, failures) * (0.5 + clock.random() / 2))
