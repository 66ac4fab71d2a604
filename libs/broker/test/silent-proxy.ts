import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Stands before a broker, and can fall silent: connections stay, and nothing passes any more. Ends with the test. */
export async function silentProxy(connectionString: string) {
  const port = Number(/:(\d+);/.exec(connectionString)?.[1])
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    sockets.push(near, far)
    for (const socket of [near, far]) socket.on('error', () => socket.destroy())
    near.pipe(far).pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    connectionString: connectionString.replace(/:\d+;/, `:${(server.address() as AddressInfo).port};`),
    fallSilent() {
      for (const socket of sockets) socket.unpipe().pause()
    },
  }
}
