import { type Clock, systemClock } from '@flotilla/decider/clock'
import { decorrelatedJitterGenerator, ExponentialBackoff, handleWhen, retry } from 'cockatiel'
import { Interrupted } from './failure.ts'
import { Undone } from './faults.ts'

const repetitions = 4
/** Milliseconds. Waits are not longer than this, and no attempt begins later after the first one. */
const longestWait = 750
const patience = repetitions * longestWait

const backoff = new ExponentialBackoff({
  generator: decorrelatedJitterGenerator,
  initialDelay: 50,
  maxDelay: longestWait,
})

/**
 * Repeats what was not done and may be done in a moment; with `isRepeatable` also what nobody knows of. `Interrupted` when it
 * failed in the end and one of the attempts may have been done.
 */
export async function repeated<T>(
  attempt: () => Promise<T>,
  isRepeatable: boolean,
  clock: Clock = systemClock,
): Promise<T> {
  const begun = clock.now()
  let interrupted: Interrupted | undefined
  const helps = (error: unknown) => {
    if (error instanceof Interrupted) interrupted = error
    const isWorthIt = error instanceof Interrupted ? isRepeatable : error instanceof Undone && error.isTransient
    return isWorthIt && clock.now() - begun < patience
  }
  try {
    return await retry(handleWhen(helps), { maxAttempts: repetitions, backoff }).execute(attempt)
  } catch (error) {
    throw interrupted && error instanceof Undone ? new Interrupted(error.message, { cause: interrupted }) : error
  }
}
