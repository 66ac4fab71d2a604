import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig as inventory } from '@flotilla/inventory/config'
import { readCommand } from '@flotilla/migrate/command'
import { readConfig as notification } from '@flotilla/notification/config'
import { readConfig as order } from '@flotilla/order/config'
import { readConfig as payment } from '@flotilla/payment/config'
import { z } from 'zod'
import type { Manifest } from './helm.ts'

/** How each service reads its environment. */
const readers: Readonly<Record<string, (env: Variables) => object>> = { order, inventory, payment, notification }

type Variables = Record<string, string>

const Workload = z.object({
  template: z.object({
    spec: z.object({
      containers: z.tuple([
        z.object({
          args: z.array(z.string()),
          env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
        }),
      ]),
    }),
  }),
})

/**
 * What a service says of the environment that its chart gives it, and the migration of its: a setting that is wrong or missing, and
 * one that it does not have.
 */
export function environmentProblems(service: string, manifests: readonly Manifest[]): string[] {
  return manifests.flatMap((manifest) => {
    const name = `${manifest.kind} ${manifest.metadata.name}`
    if (manifest.kind !== 'Deployment' && manifest.kind !== 'Job') return []
    const [{ args, env }] = Workload.parse(manifest.spec).template.spec.containers
    const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]))
    const read = manifest.kind === 'Deployment' ? readers[service] : migrationReader(args)
    if (read === undefined) return []
    try {
      const config = withSecrets(variables, read)
      const unknown = Object.keys(variables).filter((key) => !(key in config))
      return unknown.map((key) => `${name}: nobody reads ${key}`)
    } catch (error) {
      return [`${name}: ${(error as Error).message}`]
    }
  })
}

const migrationReader =
  ([, ...args]: readonly string[]) =>
  (env: Variables) =>
    readCommand(args, env).config

/** Reads with files where secrets are mounted. */
function withSecrets(variables: Variables, read: (env: Variables) => object): object {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-secrets-'))
  try {
    const here = Object.entries(variables).map(([name, value]) => {
      if (!value.startsWith('/mnt/secrets/')) return [name, value]
      const file = join(folder, value.slice('/mnt/secrets/'.length))
      writeFileSync(file, 'secret')
      return [name, file]
    })
    return read(Object.fromEntries(here))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
