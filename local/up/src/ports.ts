import { createServer } from 'node:net'

/** The processes of the fleet that listen, each on one block of ports. */
export const listeners = [
  'gateway',
  'order',
  'inventory',
  'payment',
  'notification',
  'service-bus',
  'service-bus-admin',
  'cosmos',
  'card-processor',
  'mailbox',
  'mailbox-smtp',
  'identity',
] as const
export type Listener = (typeof listeners)[number]
export type Ports = Readonly<Record<Listener, number>>

export const host = '127.0.0.1'

/** Fixed ports from a base on, so that addresses stay the same from one start to the next. */
export function portsFrom(base: number): Ports {
  return Object.fromEntries(listeners.map((name, index) => [name, base + index])) as Ports
}

/** Below the ports that systems give to outgoing connections, which could take one between our look and the start. */
const blocks = { from: 10_240, count: 1_800 }

/** Ports that are free now, for tests that run side by side. */
export async function freePorts(): Promise<Ports> {
  for (;;) {
    const ports = portsFrom(blocks.from + Math.floor(Math.random() * blocks.count) * listeners.length)
    if ((await takenPorts(ports)).length === 0) return ports
  }
}

/** The names of listeners whose ports something else listens on. */
export async function takenPorts(ports: Ports): Promise<Listener[]> {
  const checks = listeners.map(async (name) => {
    try {
      const server = await hold(ports[name])
      await new Promise((resolve) => server.close(resolve))
      return undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return name
      throw error
    }
  })
  return (await Promise.all(checks)).filter((name) => name !== undefined)
}

function hold(port: number) {
  return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}
