import { z } from 'zod'

/** What Flux posts about a release, as far as it is judged here. */
const Event = z.object({
  severity: z.string(),
  reason: z.string(),
  message: z.string().optional(),
  involvedObject: z.object({ kind: z.string(), name: z.string() }),
  metadata: z.record(z.string(), z.string()).nullish(),
})

/** A release that failed. */
export interface Failure {
  readonly release: string
  readonly reason: string
  /** Of the chart; source-controller adds build metadata. */
  readonly version: string
}

const failed = /^(Install|Upgrade|Test|Rollback|Uninstall)Failed$/

/** The releases that failed, of what was alerted. */
export function failuresOf(alerts: readonly string[]): Failure[] {
  return alerts.flatMap((alert) => {
    const { data: event } = Event.safeParse(parsed(alert))
    if (event?.severity !== 'error' || event.involvedObject.kind !== 'HelmRelease' || !failed.test(event.reason))
      return []
    const [version = ''] = (event.metadata?.revision ?? '').split('+')
    return [{ release: event.involvedObject.name, reason: event.reason, version }]
  })
}

/** A line of a log may also be what the kubelet says about it. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** A release of this version did not get ready. */
export const isUpgradeOf = (release: string, version: string) => (failure: Failure) =>
  failure.release === release && failure.reason === 'UpgradeFailed' && failure.version === version
