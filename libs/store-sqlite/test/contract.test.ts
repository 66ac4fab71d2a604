import { storeContract } from '@flotilla/decider/contract'
import { makeSubject } from './fixture.ts'

storeContract('SQLite', makeSubject)
