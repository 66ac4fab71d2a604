import { storeContract } from '@flotilla/decider/contract'
import { twinSubject } from './subject.ts'

const can = { manyRows: false, constraints: false, prunes: false }

storeContract('documents of a twin', () => twinSubject(), can)
storeContract('documents of a twin that are taken to be new', () => twinSubject({ assumeNew: true }), can)
storeContract('documents of a twin that are hardly remembered', () => twinSubject({ remembered: 2 }), can)
