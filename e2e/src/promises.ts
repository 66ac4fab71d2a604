import { setTimeout as pause } from 'node:timers/promises'
import { cosmosKey } from '@flotilla/up/members'
import { check, type Finding } from '@flotilla/verify/check'
import { readRecords } from '@flotilla/verify/read'
import type { Records } from '@flotilla/verify/records'
import { readerOf } from './books.ts'
import type { Forward, Kubectl } from './kubectl.ts'

const askAgainAfter = 2_000

/** What `npm run verify` says of a cluster, when all has come to its end. */
export interface Verified {
  readonly records: Records
  readonly findings: readonly Finding[]
}

/** Reads the books until every promise is kept and nothing is owed any more, or for so many seconds; a reading that breaks is done again. */
export async function verifyCluster(kubectl: Kubectl, accepted: readonly string[], within: number): Promise<Verified> {
  const until = Date.now() + within * 1_000
  for (;;) {
    const isLast = Date.now() > until
    try {
      const records = await readCluster(kubectl)
      const findings = check(records, { accepted, settled: true })
      if (findings.length === 0 || isLast) return { records, findings }
    } catch (error) {
      if (isLast) throw error
    }
    await pause(askAgainAfter)
  }
}

/** The stand-ins are read through forwarded ports, the databases in the pods of their services. */
async function readCluster(kubectl: Kubectl): Promise<Records> {
  const forwards: Forward[] = []
  const open = async (name: string) => {
    const forward = await kubectl.forward('stand-ins', `service/${name}`, 'http')
    forwards.push(forward)
    return forward.url
  }
  try {
    return await readRecords({
      cosmos: { endpoint: await open('cosmos'), key: cosmosKey },
      cardProcessor: await open('card-processor'),
      mailbox: await open('mailbox'),
      broker: await open('service-bus'),
      databases: {
        order: readerOf(kubectl, 'order'),
        inventory: readerOf(kubectl, 'inventory'),
        payment: readerOf(kubectl, 'payment'),
      },
    })
  } finally {
    await Promise.all(forwards.map((forward) => forward.close()))
  }
}
