import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { withDatabase } from '@flotilla/store-azure-sql/connection-string'
import { z } from 'zod'
import { type Elsewhere, root } from './members.ts'

const Flags = z.strictObject({
  once: z.boolean().default(false),
  data: z.string().min(1).default(resolve(root, '.flotilla')),
  'port-base': z.coerce.number().int().min(1024).max(65_000).default(7400),
})

export const usage = `usage: npm start -- [--once] [--data DIR] [--port-base N]
  --once         place one order, show it, end everything; exit 0 when it was confirmed
  --data DIR     where databases, logs and fleet.json are kept (.flotilla)
  --port-base N  the first of 12 ports (7400)
environment, for what docker compose runs in place of a stand-in (docs/emulators.md):
  FLOTILLA_SERVICEBUS  connection string of a Service Bus emulator that has the topology
  FLOTILLA_COSMOS      endpoint of a Cosmos DB emulator: http://127.0.0.1:8081
  FLOTILLA_SQLSERVER   connection string of a SQL Server, without Database, for what is in SQLite otherwise`

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

const Environment = z.object({
  FLOTILLA_SERVICEBUS: z
    .string()
    .regex(
      /^Endpoint=sb:\/\/[^;]+;/i,
      'is no connection string: Endpoint=sb://127.0.0.1;…;UseDevelopmentEmulator=true;',
    )
    .optional(),
  FLOTILLA_COSMOS: z.url({ protocol: /^http$/, error: 'is no endpoint such as http://127.0.0.1:8081' }).optional(),
  FLOTILLA_SQLSERVER: z.string().superRefine(refuseWrong).optional(),
})

function refuseWrong(connectionString: string, context: z.core.$RefinementCtx<string>) {
  try {
    withDatabase(connectionString, 'order')
  } catch (error) {
    context.addIssue(`cannot be used: ${(error as Error).message}`)
  }
}

/** What is not started here, because the environment says that it runs already. Set but empty is not set. */
export function readElsewhere(environment: Readonly<Record<string, string | undefined>>): Elsewhere {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const { data, error } = Environment.safeParse(set)
  if (!data) {
    const problems = error.issues.map(({ path, message }) => `${String(path[0])} ${message}`)
    throw new UsageError(`${problems.join('; ')}\n${usage}`)
  }
  const { FLOTILLA_SERVICEBUS: serviceBus, FLOTILLA_COSMOS: cosmos, FLOTILLA_SQLSERVER: sqlServer } = data
  return { serviceBus, cosmos, sqlServer }
}
