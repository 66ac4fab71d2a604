import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceName } from '@flotilla/contracts/topology'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'

export const pinnedEnvironments = ['staging', 'production'] as const
export type Pinned = (typeof pinnedEnvironments)[number]

/** One chart in the registry, with the image that it was published with. */
export interface Pin {
  readonly service: ServiceName
  /** Exact, such as 1.4.0. */
  readonly version: string
  /** Of the chart's manifest in the registry, such as sha256:…; it counts, the version is for people. */
  readonly digest: string
}

export const chartFile = (environment: Pinned, service: ServiceName): string =>
  `deploy/flux/apps/${environment}/${service}/chart.yaml`

const exact = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

/** What is in place of a pin until there is one. It makes no object: the environment does not run the service. */
export const noRelease = '# No release yet. `npm run manifests -- pin` writes it: docs/deploy.md.\n'

/**
 * The manifest that pins a chart, and releases it: the name of the source carries the version, and the HelmRelease names it, so another
 * version is another HelmRelease. Throws when the version or the digest is none.
 */
export function chartManifest({ service, version, digest }: Pin): string {
  if (!exact.test(version)) throw new Error(`${version} is no exact version, such as 1.4.0`)
  if (!/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new Error(`${digest} is no digest, such as sha256: and 64 hexadecimal digits`)
  return `# Written by \`npm run manifests\`: docs/deploy.md.
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: ${service}-${version.toLowerCase()}
spec:
  url: oci://\${registry}/charts/${service}
  ref:
    tag: ${version}
    digest: ${digest}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: ${service}
spec:
  releaseName: ${service}
  chartRef:
    kind: OCIRepository
    name: ${service}-${version.toLowerCase()}
`
}

/** Pins a service in an environment. Returns the file that it wrote. */
export function pin(repository: string, environment: Pinned, it: Pin): string {
  const file = chartFile(environment, it.service)
  if (!existsSync(join(repository, file))) throw new Error(`there is no ${file}: is ${repository} the repository?`)
  writeFileSync(join(repository, file), chartManifest(it))
  return file
}

const Chart = z.object({ spec: z.object({ ref: z.object({ tag: z.string(), digest: z.string() }) }) })

/** What a manifest pins; undefined when it has no release. Throws when it is not as `pin` writes it. */
export function pinned(service: ServiceName, manifest: string): Pin | undefined {
  if (manifest === noRelease) return undefined
  const chart = Chart.safeParse(parseAllDocuments(manifest)[0]?.toJS())
  if (!chart.success) throw new Error(`the chart.yaml of ${service} has no tag with a digest: pin it`)
  const { tag: version, digest } = chart.data.spec.ref
  return { service, version, digest }
}

/**
 * Pins for production what staging pins.
 * @param proven the manifest of the commit that staging runs; without it, the one of the working tree. One that staging has left
 * behind since is refused.
 */
export function promote(repository: string, service: ServiceName, proven?: string): Pin {
  const now = pinned(service, readFileSync(join(repository, chartFile('staging', service)), 'utf8'))
  const it = proven === undefined ? now : pinned(service, proven)
  if (it === undefined || now === undefined)
    throw new Error(`${service} has no release in staging yet: the release workflow pins the first`)
  if (it.digest !== now.digest)
    throw new Error(
      `staging has gone on from ${service} ${it.version} to ${now.version}, which comes by itself when it is proven`,
    )
  pin(repository, 'production', it)
  return it
}
