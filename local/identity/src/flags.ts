import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { client } from './clients.ts'

const flags = z.strictObject({
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  host: z.string().min(1).default('127.0.0.1'),
  data: z.string().min(1).optional(),
  issuer: z.string().optional(),
  clients: z.string().min(1).optional(),
})

/** What `startIdentity` takes from the command line. Throws an Error that names the flag and what is wrong with it. */
export function readFlags(args: string[]) {
  const option = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: { port: option, host: option, data: option, issuer: option, clients: option },
    strict: true,
  })
  const { clients, ...rest } = parsed(flags, values, (path) => `--${path}`)
  return { ...rest, ...(clients && { clients: readClients(clients) }) }
}

function readClients(file: string) {
  try {
    return parsed(z.array(client).min(1), JSON.parse(readFileSync(file, 'utf8')), (path) => `${file} at ${path}`)
  } catch (error) {
    throw new Error(`--clients: ${(error as Error).message}`, { cause: error })
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, name: (path: string) => string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Error(result.error.issues.map((issue) => `${name(issue.path.join('.'))}: ${issue.message}`).join('; '))
}
