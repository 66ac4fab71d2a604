import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { check, type Finding } from '@flotilla/verify/check'
import { readRecords } from '@flotilla/verify/read'
import type { Records } from '@flotilla/verify/records'
import type { Forward, Kubectl } from './kubectl.ts'

/** The key of the emulator, which is everywhere the same and public. */
const cosmosKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=='
const askAgainAfter = 2_000

/** What `npm run verify` says of a cluster, when all has come to its end. */
export interface Verified {
  readonly records: Records
  readonly findings: readonly Finding[]
}

/**
 * Reads the books until every promise is kept and nothing is owed any more, or for so many seconds. The stand-ins are read through
 * forwarded ports; SQLite files, which no network reaches, as copies that a pod of the service makes (VACUUM INTO: one moment of the
 * whole database, while others write).
 */
export async function verifyCluster(kubectl: Kubectl, accepted: readonly string[], within: number): Promise<Verified> {
  const until = Date.now() + within * 1_000
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-e2e-books-'))
  const forwards: Forward[] = []
  const open = async (name: string, port: number | string) => {
    const forward = await kubectl.forward('stand-ins', `service/${name}`, port)
    forwards.push(forward)
    return forward.url
  }
  try {
    const outside = {
      cosmos: { endpoint: await open('cosmos', 'http'), key: cosmosKey },
      cardProcessor: await open('card-processor', 'http'),
      mailbox: await open('mailbox', 'http'),
      broker: await open('service-bus', 'http'),
    }
    for (;;) {
      const databases = {
        order: await copyOf(kubectl, 'order', folder),
        inventory: await copyOf(kubectl, 'inventory', folder),
        payment: await copyOf(kubectl, 'payment', folder),
      }
      const records = await readRecords({ ...outside, databases })
      const findings = check(records, { accepted, settled: true })
      if (findings.length === 0 || Date.now() > until) return { records, findings }
      await pause(askAgainAfter)
    }
  } finally {
    await Promise.all(forwards.map((forward) => forward.close()))
    await rm(folder, { recursive: true, force: true })
  }
}

const copyScript = (file: string) => `
  import { DatabaseSync } from 'node:sqlite'
  import { readFileSync, rmSync } from 'node:fs'
  const copy = '/tmp/e2e-copy.db'
  rmSync(copy, { force: true })
  const database = new DatabaseSync('${file}', { timeout: 10000 })
  database.exec(\`VACUUM INTO '\${copy}'\`)
  database.close()
  process.stdout.write(readFileSync(copy))
  rmSync(copy)`

async function copyOf(kubectl: Kubectl, service: string, folder: string): Promise<{ readonly file: string }> {
  const bytes = await kubectl.evaluate(service, `deployment/${service}`, copyScript(`/data/${service}.db`), 120_000)
  const file = join(folder, `${service}.db`)
  await writeFile(file, bytes)
  return { file }
}
