import type { Life, Step } from './life.ts'

export interface Patience {
  /** How long a client waits for an answer, in milliseconds by its process's clock. */
  readonly lasts: number
  readonly failure: () => Error
}

/**
 * Takes a step, and gives up when there is no answer in time. What is asked goes on its way all the same: `asked` may find out that
 * nobody waits any more.
 */
export function patiently<T>(
  life: Life,
  { lasts, failure }: Patience,
  stepOf: (asked: { readonly isWaiting: boolean }) => Step<T>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const asked = { isWaiting: true }
  const forget = life.clock.after(lasts, () => {
    asked.isWaiting = false
    reject(failure())
  })
  life
    .call({ ...stepOf(asked), patience: lasts })
    .then(resolve, reject)
    .finally(forget)
  return promise
}
