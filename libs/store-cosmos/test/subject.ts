import type { Clock } from '@flotilla/decider/clock'
import { systemClock } from '@flotilla/decider/clock'
import type { ContractRow } from '@flotilla/decider/contract-domain'
import type { Subject } from '@flotilla/decider/contract-subject'
import type { Documents } from '../src/documents.ts'
import { createDocumentStore, type DocumentStore, type DocumentStoreOptions } from '../src/store.ts'
import { createTwin, type Fault } from '../src/twin.ts'

export const stateAsIs = { schemaVersion: 1 } as const

/** The contract's subject over a twin in this process. */
export async function twinSubject(
  settings: Partial<DocumentStoreOptions<ContractRow>> = {},
  clock: Clock = systemClock,
): Promise<Subject> {
  const twin = createTwin({ now: clock.now })
  let isAway = false
  const away: Fault = { kind: 'away' }
  const broken = createTwin({ now: clock.now, fault: () => away })
  const first: Documents = {
    bulk: (operations, purpose) => (isAway ? broken : twin).bulk(operations, purpose),
    query: (query, purpose) => (isAway ? broken : twin).query(query, purpose),
  }
  const stores: DocumentStore<ContractRow>[] = []
  const open = (documents: Documents) => {
    const store = createDocumentStore<ContractRow>({ documents, clock, mapping: stateAsIs, ...settings })
    stores.push(store)
    return store
  }
  return {
    store: open(first),
    second: async () => open(twin),
    history: async (home) => (await open(twin).find(home))?.history ?? [],
    break: async () => {
      isAway = true
    },
    dispose: async () => {
      for (const store of stores) await store.close()
    },
  }
}
