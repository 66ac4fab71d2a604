import { storeContract } from '@flotilla/decider/contract'
import { afterAll, beforeAll, describe } from 'vitest'
import { type ContractDatabase, contractDatabase } from './fixture.ts'

describe.skipIf(!process.env.FLOTILLA_SQLSERVER)('on the server of FLOTILLA_SQLSERVER', () => {
  let database: ContractDatabase | undefined
  beforeAll(async () => {
    database = await contractDatabase()
  })
  afterAll(() => database?.drop())

  storeContract('Azure SQL', async () => {
    if (!database) throw new Error('there is no database')
    return database.subject()
  })
})
