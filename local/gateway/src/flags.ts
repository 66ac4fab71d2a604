import { parseArgs } from 'node:util'
import { z } from 'zod'

const origin = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^/?#,]+\/?$/.test(text) && URL.canParse(text),
    'give origins such as http://127.0.0.1:3001, with commas between replicas',
  )
const replicas = z
  .string({ error: 'give the URL of the service, or several with commas between' })
  .transform((text) => text.split(','))
  .pipe(z.array(origin).min(1))
const whole = z.coerce.number().int()

const flags = z.strictObject({
  port: whole.min(0).max(65_535).default(0),
  host: z.string().min(1).default('127.0.0.1'),
  /** Every process of `local/` takes it; the gateway has nothing to keep. */
  data: z.string().optional(),
  order: replicas,
  inventory: replicas,
  payment: replicas,
  notification: replicas,
  'rate-limit': whole.min(1).default(10_000),
  'answer-timeout': z.coerce.number().min(0.1).max(600).default(30),
})

/** What `startGateway` takes from the command line. Throws an Error that names the flag and what is wrong with it. */
export function readFlags(args: string[]) {
  const option = { type: 'string' } as const
  const options = Object.fromEntries(Object.keys(flags.shape).map((name) => [name, option]))
  const { values } = parseArgs({ args, options, strict: true })
  const result = flags.safeParse(values)
  if (!result.success) {
    throw new Error(result.error.issues.map((issue) => `--${issue.path[0]?.toString()}: ${issue.message}`).join('; '))
  }
  const { port, host, 'rate-limit': rateLimit, 'answer-timeout': seconds, data: _none, ...upstreams } = result.data
  return { port, host, upstreams, rateLimit, timeouts: { answer: seconds * 1000 } }
}
