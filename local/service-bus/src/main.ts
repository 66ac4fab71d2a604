import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { startServiceBus } from './server.ts'

const usage =
  'usage: service-bus [--port 5672] [--admin-port 5300] [--host 127.0.0.1] --config FILE [--data DIR] [--release-locks-on-disconnect]'

const portNumber = z.coerce.number().int().min(0).max(65535)
const flags = z.object({
  port: portNumber.default(5672),
  'admin-port': portNumber.default(5300),
  host: z.string().min(1).default('127.0.0.1'),
  config: z.string({ error: 'is required: a file in the format of the Service Bus emulator' }).min(1),
  data: z.string().min(1).optional(),
  'release-locks-on-disconnect': z.boolean().default(false),
})

function readFlags(): z.infer<typeof flags> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      port: text,
      'admin-port': text,
      host: text,
      config: text,
      data: text,
      'release-locks-on-disconnect': { type: 'boolean' },
    },
  })
  const parsed = flags.safeParse(values)
  if (parsed.success) return parsed.data
  throw new Error(parsed.error.issues.map(({ message, path }) => `--${path.join('.')}: ${message}`).join('\n'))
}

function readConfig(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`--config ${file} cannot be read: ${(error as Error).message}`)
  }
}

/** What went wrong, in words that name the port or the file. */
function plain(error: unknown, config: string | undefined): string {
  const { code, message, name, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `port ${port} is taken; end what listens there, or name another port`
  if (code?.startsWith('ERR_PARSE_ARGS')) return `${message}\n${usage}`
  return name === 'ConfigError' ? `${config}:\n${message}` : message
}

function stop(message: string): never {
  process.stderr.write(`service-bus: ${message}\n`)
  process.exit(1)
}

async function main(): Promise<void> {
  let config: string | undefined
  try {
    const { 'admin-port': adminPort, 'release-locks-on-disconnect': releaseLocksOnDisconnect, ...rest } = readFlags()
    config = rest.config
    const { data, host, port } = rest
    const broker = await startServiceBus({
      ...{ adminPort, host, port, releaseLocksOnDisconnect },
      ...(data === undefined ? {} : { data }),
      config: readConfig(config),
      failed: (error) => stop(`--data ${data} cannot be written: ${error.message}`),
    })
    for (const { entity, messages } of broker.orphans) {
      process.stderr.write(`service-bus: ${config} no longer declares ${entity}: ${messages} messages dropped\n`)
    }
    const end = () => void broker.close().then(() => process.exit(0))
    process.once('SIGTERM', end)
    process.once('SIGINT', end)
    const { connectionString } = broker
    const ready = {
      event: 'ready',
      name: 'service-bus',
      port: broker.port,
      adminPort: broker.adminPort,
      connectionString,
    }
    process.stdout.write(`${JSON.stringify(ready)}\n`)
  } catch (error) {
    stop(plain(error, config))
  }
}

await main()
