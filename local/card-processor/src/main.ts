import { readFlags } from './flags.ts'
import { startCardProcessor } from './server.ts'

const stop = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
})

try {
  const flags = readFlags(process.argv.slice(2))
  const processor = await startCardProcessor(flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(
      `port ${flags.port} on ${flags.host} is taken; stop what listens there or choose another with --port`,
    )
  })
  const { port, url } = processor
  console.log(JSON.stringify({ event: 'ready', name: 'card-processor', port, url }))
  await stop
  await processor.close()
} catch (error) {
  console.error(`card-processor: ${(error as Error).message}`)
  process.exitCode = 1
}
