import type { Server, Socket } from 'node:net'
import type { Clock } from '@flotilla/decider/clock'

/** The open connections of a server. */
export type Connections = {
  /** Resolves as soon as none is open, and after `ms` at the latest. */
  gone(ms: number): Promise<void>
}

/** Watches a server from before it listens. */
export function watchConnections(server: Server, clock: Pick<Clock, 'after'>): Connections {
  const open = new Set<Socket>()
  let onNone: (() => void) | undefined
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0) onNone?.()
    })
  })
  return {
    async gone(ms) {
      if (open.size === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      onNone = resolve
      const stop = clock.after(ms, resolve)
      await promise
      stop()
    },
  }
}
