import { parseArgs } from 'node:util'
import { type ServiceName, services } from '@flotilla/contracts/topology'
import { z } from 'zod'
import type { Selection } from './dead-letters.ts'
import type { ServiceBusConnection } from './service-bus.ts'

export const usage = `What was put aside of a service's subscriptions.

  list                      everything, oldest first
  explain <id>              one event: the message, why it is here, and what was tried
  replay <id> | --all       sends it again to its own subscription
  drop <id> | --all         removes it for good

  --service <name>          ${services.join(', ')} (required)
  --reason <reason>         only those with this reason
  --all                     every one (with --reason: of that reason)
  --json                    for programs
  --personal                shows e-mail addresses
  --connection-string <s>   or FLOTILLA_SERVICEBUS_CONNECTION_STRING
  --namespace <host>        or FLOTILLA_SERVICEBUS_NAMESPACE: <name>.servicebus.windows.net, as the identity signed in`

/** The command line or the environment is wrong; the message says how to mend it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface DeadLetterCommand {
  readonly verb: 'list' | 'explain' | 'replay' | 'drop'
  readonly service: ServiceName
  readonly selection: Selection
  readonly connection: ServiceBusConnection
  readonly json: boolean
  readonly personal: boolean
}

const Verb = z.enum(['list', 'explain', 'replay', 'drop'], {
  error: ({ input }) =>
    `${input === undefined ? 'say' : `${JSON.stringify(input)} is none of`} list, explain, replay or drop`,
})
const Service = z.enum(services, {
  error: ({ input }) =>
    `--service ${input === undefined ? 'is missing' : `${JSON.stringify(input)} is none`}: ${services.join(', ')}`,
})

/** Throws `UsageError`. */
export function readCommand(args: readonly string[], environment: NodeJS.ProcessEnv): DeadLetterCommand {
  const { values, positionals } = parse(args)
  const [first, id, ...rest] = positionals
  const verb = check(Verb, first)
  const service = check(Service, values.service)
  if (rest.length > 0) throw new UsageError(`one id at a time: ${rest.join(' ')} is too much`)
  const { all = false, reason } = values
  if (verb === 'list' && id !== undefined) throw new UsageError('list takes no id: use explain <id>')
  if (verb === 'explain' && id === undefined) throw new UsageError('explain what? give an id that list shows')
  if ((verb === 'list' || verb === 'explain') && all)
    throw new UsageError(`--all is for replay and drop, not for ${verb}`)
  if ((verb === 'replay' || verb === 'drop') && (id === undefined) !== all) {
    throw new UsageError(`${verb} what? give one id that list shows, or --all`)
  }
  const connection = connectionOf(values['connection-string'], values.namespace, environment)
  return {
    verb,
    service,
    selection: { id, reason },
    connection,
    json: values.json ?? false,
    personal: values.personal ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        service: { type: 'string' },
        reason: { type: 'string' },
        all: { type: 'boolean' },
        json: { type: 'boolean' },
        personal: { type: 'boolean' },
        'connection-string': { type: 'string' },
        namespace: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new UsageError(parsed.error.issues.map(({ message }) => message).join('; '))
}

/** A flag outdoes the environment. */
function connectionOf(
  connectionString: string | undefined,
  namespace: string | undefined,
  environment: NodeJS.ProcessEnv,
): ServiceBusConnection {
  const flags = { connectionString, namespace }
  const variables = {
    connectionString: environment.FLOTILLA_SERVICEBUS_CONNECTION_STRING,
    namespace: environment.FLOTILLA_SERVICEBUS_NAMESPACE,
  }
  const given = flags.connectionString || flags.namespace ? flags : variables
  if (given.connectionString && given.namespace) {
    throw new UsageError('which broker? give a connection string or a namespace, not both')
  }
  if (given.connectionString) return { connectionString: given.connectionString }
  if (given.namespace) return { fullyQualifiedNamespace: given.namespace }
  throw new UsageError(
    'which broker? set FLOTILLA_SERVICEBUS_CONNECTION_STRING or FLOTILLA_SERVICEBUS_NAMESPACE, or give --connection-string or --namespace',
  )
}
