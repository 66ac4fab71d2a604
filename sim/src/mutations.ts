import { commitMutations } from './mutations/commits.ts'
import { documentMutations } from './mutations/documents.ts'
import { messageMutations } from './mutations/messages.ts'
import type { Mutation } from './mutations/mutation.ts'
import { notificationMutations } from './mutations/notification.ts'
import { orderMutations } from './mutations/order.ts'
import { paymentMutations } from './mutations/payment.ts'
import { stockMutations } from './mutations/stock.ts'
import { workMutations } from './mutations/work.ts'

/** Bugs that the simulation must find. */
export const mutations: readonly Mutation[] = [
  ...messageMutations,
  ...commitMutations,
  ...documentMutations,
  ...workMutations,
  ...orderMutations,
  ...stockMutations,
  ...paymentMutations,
  ...notificationMutations,
]

/** Throws when there is none of this name. */
export function mutationOf(name: string): Mutation {
  const found = mutations.find((mutation) => mutation.name === name)
  if (!found) throw new RangeError(`there is no mutation "${name}": ${mutations.map(({ name }) => name).join(', ')}`)
  return found
}
