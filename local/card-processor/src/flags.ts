import { parseArgs } from 'node:util'
import { z } from 'zod'

const seconds = z.coerce
  .number()
  .min(0)
  .max(600)
  .transform((value) => value * 1000)

const flags = z.strictObject({
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  host: z.string().min(1).default('127.0.0.1'),
  data: z.string().min(1).optional(),
  key: z
    .string()
    .regex(/^sk_test_\w+$/, 'a test key starts with sk_test_')
    .optional(),
  slow: seconds.optional(),
  'refund-delay': seconds.optional(),
})

/** What `startCardProcessor` takes from the command line. Throws an Error that names the flag and what is wrong with it. */
export function readFlags(args: string[]) {
  const option = { type: 'string' } as const
  const options = { port: option, host: option, data: option, key: option, slow: option, 'refund-delay': option }
  const { values } = parseArgs({ args, options, strict: true })
  const result = flags.safeParse(values)
  if (!result.success) {
    throw new Error(result.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`).join('; '))
  }
  const { port, host, data, key, slow, 'refund-delay': refundDelay } = result.data
  return {
    port,
    host,
    ...(data !== undefined && { data }),
    ...(key !== undefined && { key }),
    ...(slow !== undefined && { slow }),
    ...(refundDelay !== undefined && { refundDelay }),
  }
}
