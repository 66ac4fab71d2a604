import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

export const services = ['order', 'inventory', 'payment', 'notification'] as const
export type Service = (typeof services)[number]
export type Pinned = 'staging' | 'production'

/** One chart in the registry, with the image that it was published with. */
export interface Pin {
  readonly service: Service
  /** Exact, such as 1.4.0. */
  readonly version: string
  /** Of the chart's manifest in the registry, such as sha256:…; it counts, the version is for people. */
  readonly digest: string
}

export const chartFile = (environment: Pinned, service: Service): string =>
  `deploy/flux/apps/${environment}/${service}/chart.yaml`

const exact = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

/** The manifest that pins a chart. Throws when the version or the digest is none. */
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
`
}

/** Pins a service in an environment. Returns the file that it wrote. */
export function pin(repository: string, environment: Pinned, it: Pin): string {
  const file = chartFile(environment, it.service)
  if (!existsSync(join(repository, file))) throw new Error(`there is no ${file}: is ${repository} the repository?`)
  writeFileSync(join(repository, file), chartManifest(it))
  return file
}

const Chart = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ ref: z.object({ tag: z.string(), digest: z.string().optional() }) }),
})

/** What a manifest pins. Throws when that is not complete. */
export function pinned(service: Service, manifest: string): Pin {
  const { ref } = Chart.parse(parse(manifest)).spec
  if (ref.digest === undefined)
    throw new Error(
      `${service} ${ref.tag} has no digest, so it was never published by the release workflow: pin a release first`,
    )
  return { service, version: ref.tag, digest: ref.digest }
}

/**
 * Pins for production what staging pins.
 * @param proven the manifest of the commit that staging runs; without it, the one of the working tree. One that staging has left
 * behind since is refused.
 */
export function promote(repository: string, service: Service, proven?: string): Pin {
  const now = pinned(service, readFileSync(join(repository, chartFile('staging', service)), 'utf8'))
  const it = proven === undefined ? now : pinned(service, proven)
  if (it.digest !== now.digest)
    throw new Error(
      `staging has gone on from ${service} ${it.version} to ${now.version}, which comes by itself when it is proven`,
    )
  pin(repository, 'production', it)
  return it
}
