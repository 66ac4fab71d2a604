import { readFlags } from './flags.ts'
import { startIdentity } from './server.ts'

const stop = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
})

try {
  const flags = readFlags(process.argv.slice(2))
  const identity = await startIdentity(flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(
      `port ${flags.port} on ${flags.host} is taken; stop what listens there or choose another with --port`,
    )
  })
  const { port, url, issuer } = identity
  console.log(JSON.stringify({ event: 'ready', name: 'identity', port, url, issuer }))
  await stop
  await identity.close()
} catch (error) {
  console.error(`identity: ${(error as Error).message}`)
  process.exitCode = 1
}
