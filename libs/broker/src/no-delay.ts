import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/**
 * Sets TCP_NODELAY on the sockets that this process opens to a port, until the returned function is called. The SDK has
 * no option for it, and without it Nagle's algorithm waits for delayed acknowledgements: 40 ms for a message alone.
 */
export function sendAtOnce(port: number): () => void {
  const onSocket = (published: unknown) => {
    const { socket } = published as { readonly socket: Socket }
    socket.once('connect', () => {
      if (socket.remotePort === port) socket.setNoDelay(true)
    })
  }
  subscribe('net.client.socket', onSocket)
  return () => void unsubscribe('net.client.socket', onSocket)
}
