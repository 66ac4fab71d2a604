import { readFlags } from './flags.ts'
import { startMailbox } from './server.ts'

const stop = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
})

try {
  const flags = readFlags(process.argv.slice(2))
  const mailbox = await startMailbox(flags).catch((error: NodeJS.ErrnoException & { port?: number }) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(
      `port ${error.port} on ${flags.host} is taken; stop what listens there or choose another with --port or --smtp-port`,
    )
  })
  const { port, url, smtpPort, smtpUrl } = mailbox
  console.log(JSON.stringify({ event: 'ready', name: 'mailbox', port, url, smtpPort, smtpUrl }))
  await stop
  await mailbox.close()
} catch (error) {
  console.error(`mailbox: ${(error as Error).message}`)
  process.exitCode = 1
}
