import type { Order } from '../sql/query.ts'
import type { Container } from './container.ts'
import type { Path } from './indexing.ts'
import { readKeyPath } from './partition-key.ts'
import { badRequest } from './refusal.ts'

/**
 * Refuses to sort by what the container's policy does not index, as the service does: a query that works here must work there.
 * One path must be included; several need a composite index in their order, or in the very opposite of it.
 */
export function checkOrder(container: Container, orders: readonly Order[]): void {
  const paths = orders.map(({ by }) => (by.kind === 'path' ? by.path : []))
  if (orders.length === 1 && paths[0] && !isIncluded(container, paths[0]))
    throw badRequest(`The index path corresponding to the specified order-by item is excluded: /${paths[0].join('/')}`)
  if (orders.length > 1 && !hasComposite(container, orders, paths))
    throw badRequest(
      `The order by query does not have a corresponding composite index that it can be served from: ${paths.map((path) => `/${path.join('/')}`).join(', ')}`,
    )
}

/** The most precise of the policy's paths that cover this one decides. */
function isIncluded(container: Container, path: Path): boolean {
  const { indexingMode, includedPaths = [], excludedPaths = [] } = container.definition.indexingPolicy ?? {}
  if (indexingMode?.toLowerCase() === 'none') return false
  if (path.length === 1 && (path[0] === 'id' || path[0] === '_ts')) return true
  const included = precision(includedPaths, path)
  return included > 0 && included > precision(excludedPaths, path)
}

/** How exactly the best of the patterns covers the path: 0 for not at all. */
function precision(patterns: readonly { readonly path: string }[], path: Path): number {
  const names = path.map((name) => (typeof name === 'number' ? '[]' : name))
  const grades = patterns.map(({ path: pattern }) => {
    const isWhole = pattern.endsWith('/?')
    const prefix = readPattern(pattern)
    const covers = prefix.every((name, index) => name === names[index]) && (!isWhole || prefix.length === names.length)
    return covers ? 1 + 2 * prefix.length + (isWhole ? 1 : 0) : 0
  })
  return Math.max(0, ...grades)
}

function readPattern(pattern: string): string[] {
  const bare = pattern.replace(/\/[?*]$/, '')
  return bare === '' ? [] : readKeyPath(bare)
}

function hasComposite(container: Container, orders: readonly Order[], paths: readonly Path[]): boolean {
  const { compositeIndexes = [] } = container.definition.indexingPolicy ?? {}
  return compositeIndexes.some((composite) => {
    if (composite.length !== orders.length) return false
    const turned = composite.map(({ path, order }, index) => {
      const isSamePath = readKeyPath(path).join('\n') === paths[index]?.join('\n')
      return isSamePath ? (order === 'descending') !== orders[index]?.isDescending : undefined
    })
    return turned.every((each) => each === true) || turned.every((each) => each === false)
  })
}
