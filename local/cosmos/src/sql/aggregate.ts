import type { Json, Value } from '../engine/json.ts'
import { compareForSorting } from './compare.ts'
import { evaluate, type Parameters } from './evaluate.ts'
import type { AggregateField } from './query.ts'

/** COUNT, SUM, MIN, MAX or AVG over documents. Values that are not there do not count; SUM and AVG of anything but numbers are undefined. */
export function aggregate(
  { aggregate: name, of }: AggregateField,
  documents: Iterable<Json>,
  parameters: Parameters,
): Value {
  let count = 0
  let sum: number | undefined = 0
  let best: Value
  for (const document of documents) {
    const value = evaluate(of, document, parameters)
    if (value === undefined) continue
    count += 1
    sum = sum === undefined || typeof value !== 'number' ? undefined : sum + value
    const difference = best === undefined ? 0 : compareForSorting(value, best)
    if (best === undefined || (name === 'MIN' ? difference < 0 : difference > 0)) best = value
  }
  if (name === 'COUNT') return count
  if (name === 'SUM') return sum
  if (name === 'AVG') return sum === undefined || count === 0 ? undefined : sum / count
  return best
}
