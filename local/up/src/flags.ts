import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { root } from './members.ts'

const Flags = z.strictObject({
  once: z.boolean().default(false),
  data: z.string().min(1).default(resolve(root, '.flotilla')),
  'port-base': z.coerce.number().int().min(1024).max(65_000).default(7400),
})

export const usage = `usage: npm start -- [--once] [--data DIR] [--port-base N]
  --once         place one order, show it, end everything; exit 0 when it was confirmed
  --data DIR     where databases, logs and fleet.json are kept (.flotilla)
  --port-base N  the first of 12 ports (7400)`

/** What was wrong with the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function readFlags(args: string[]): { once: boolean; data: string; portBase: number } {
  try {
    const { values } = parseArgs({
      args,
      options: { once: { type: 'boolean' }, data: { type: 'string' }, 'port-base': { type: 'string' } },
    })
    const { once, data, 'port-base': portBase } = Flags.parse(values)
    return { once, data: resolve(data), portBase }
  } catch (error) {
    const message =
      error instanceof z.ZodError
        ? error.issues.map((issue) => `--${String(issue.path[0])}: ${issue.message}`).join('; ')
        : String((error as Error).message)
    throw new UsageError(`${message}\n${usage}`)
  }
}
