import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { services } from '@flotilla/contracts/topology'
import { versionOf } from './history.ts'
import { chartFile, noRelease, pin, pinnedEnvironments } from './promotion.ts'

/** Of nothing that was ever published. */
export const nobodysDigest = `sha256:${'0'.repeat(64)}`

/**
 * Does something with a copy of `deploy/flux` and `deploy/helm` in which every service without a release is pinned to the chart beside it:
 * what its first release is going to bring is held to the rules like any other.
 */
export async function asIfPinned<Result>(repository: string, act: (copy: string) => Promise<Result>): Promise<Result> {
  const copy = mkdtempSync(join(tmpdir(), 'flotilla-deploy-'))
  try {
    for (const folder of ['deploy/flux', 'deploy/helm'])
      cpSync(join(repository, folder), join(copy, folder), { recursive: true })
    for (const environment of pinnedEnvironments) {
      for (const service of services) {
        const file = join(copy, chartFile(environment, service))
        if (!existsSync(file) || readFileSync(file, 'utf8') !== noRelease) continue
        const version = versionOf(join(copy, 'deploy/helm', service))
        pin(copy, environment, { service, version, digest: nobodysDigest })
      }
    }
    return await act(copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}
