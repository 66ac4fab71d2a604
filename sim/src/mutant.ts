import { registerHooks } from 'node:module'
import type { Change } from './mutations/mutation.ts'
import { mutationOf } from './mutations.ts'

const root = new URL('../../', import.meta.url)

/**
 * From then on, what is imported has this bug; what was imported before has not. The files stay as they are.
 * Throws when there is no such mutation; an import throws when the source is no longer what the mutation was written for.
 */
export function applyMutation(name: string): void {
  const { changes } = mutationOf(name)
  const byUrl = Map.groupBy(changes, ({ file }) => new URL(file, root).href)
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const wanted = byUrl.get(url)
      if (!wanted) return loaded
      // Types are stripped from what the hooks return.
      return { ...loaded, source: mutate(String(loaded.source), wanted) }
    },
  })
}

/** The source with the changes. Throws unless each text occurs exactly once. */
export function mutate(source: string, changes: readonly Change[]): string {
  return changes.reduce((text, { file, find, replace }) => {
    const [before, after, ...more] = text.split(find)
    if (before === undefined || after === undefined || more.length > 0) {
      const times = after === undefined ? 'not at all' : `${more.length + 1} times`
      throw new Error(`the text to mutate is in ${file} ${times}, instead of once:\n${find}`)
    }
    return before + replace + after
  }, source)
}
