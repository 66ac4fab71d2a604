import { describe } from 'vitest'
import { causesContract } from './contract-causes.ts'
import { faultsContract } from './contract-faults.ts'
import { handlingContract } from './contract-handling.ts'
import { outboxContract } from './contract-outbox.ts'
import { savingContract } from './contract-saving.ts'
import type { Capabilities, Subject } from './contract-subject.ts'
import { workContract } from './contract-work.ts'

/**
 * The tests that every store passes, for a test file of its package. `make` gives each test a store over data of its own
 * with `contractTables`; what the database cannot do by its nature is skipped by name.
 */
export function storeContract(
  name: string,
  make: () => Promise<Subject>,
  can: Capabilities = { manyRows: true, constraints: true, prunes: true },
) {
  const contract = { make, can }
  describe(`the store contract, kept by ${name}`, () => {
    savingContract(contract)
    causesContract(contract)
    outboxContract(contract)
    workContract(contract)
    handlingContract(contract)
    faultsContract(contract)
  })
}
