import { readFlags } from './flags.ts'
import { startCosmos } from './server.ts'

const stop = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
})

try {
  const flags = readFlags(process.argv.slice(2))
  const cosmos = await startCosmos(flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(
      `port ${flags.port} on ${flags.host} is taken; stop what listens there or choose another with --port`,
    )
  })
  const { port, endpoint, key } = cosmos
  console.log(JSON.stringify({ event: 'ready', name: 'cosmos', port, endpoint, key }))
  await stop
  await cosmos.close()
} catch (error) {
  console.error(`cosmos: ${(error as Error).message}`)
  process.exitCode = 1
}
