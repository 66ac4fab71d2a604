import { parseArgs } from 'node:util'
import { z } from 'zod'

const port = z.coerce.number().int().min(0).max(65_535).default(0)

const flags = z.strictObject({
  port,
  'smtp-port': port,
  host: z.string().min(1).default('127.0.0.1'),
  data: z.string().min(1).optional(),
})

/** What `startMailbox` takes from the command line. Throws an Error that names the flag and what is wrong with it. */
export function readFlags(args: string[]) {
  const option = { type: 'string' } as const
  const options = { port: option, 'smtp-port': option, host: option, data: option }
  const { values } = parseArgs({ args, options, strict: true })
  const result = flags.safeParse(values)
  if (!result.success) {
    throw new Error(result.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`).join('; '))
  }
  const { 'smtp-port': smtpPort, data, ...rest } = result.data
  return { ...rest, smtpPort, ...(data !== undefined && { data }) }
}
