// A process as a service's main.ts makes it, with one slow route; for lifecycle.test.ts.
import { systemClock } from '@flotilla/decider/clock'
import { createLogger } from '@flotilla/telemetry/log'
import { runProcess } from '../src/lifecycle.ts'
import { createHealth } from '../src/probes.ts'
import { createServer } from '../src/server.ts'

const logger = createLogger({ service: 'real', version: '0' })
const health = createHealth()
const auth = {
  authenticate: () => ({ issuer: '', subject: '', scopes: new Set<string>(), id: '', endUserId: '' }),
  warm: () => Promise.resolve(),
  dependencies: [],
}

await runProcess({
  name: 'real',
  logger,
  async start() {
    const app = createServer({ logger, health, auth, clock: systemClock, service: { name: 'real', version: '0' } })
    const draining = Promise.withResolvers<void>()
    app.get('/slow', async () => {
      logger.info('in hand')
      await draining.promise
      return 'done'
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return {
      health,
      ready: { url },
      drain: [
        { name: 'finish what is in hand', run: () => draining.resolve() },
        { name: 'close HTTP', run: () => app.close() },
      ],
    }
  },
})
