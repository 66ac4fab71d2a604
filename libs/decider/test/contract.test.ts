import { storeContract } from '../src/contract.ts'
import { makeSubject } from './memory-store.ts'

storeContract('a store in memory that commits at once', () => makeSubject('turn'))
storeContract('a store in memory that takes a while', () => makeSubject('flight'))
