import type { Socket } from 'node:net'

/** Everything written to the socket in one turn of the event loop goes out in one system call. */
export function corkPerTurn(socket: Socket): void {
  let corked = false
  const write = socket.write.bind(socket) as (chunk: Buffer) => boolean
  socket.write = ((chunk: Buffer) => {
    if (!corked) {
      corked = true
      socket.cork()
      setImmediate(() => {
        corked = false
        socket.uncork()
      })
    }
    return write(chunk)
  }) as Socket['write']
}
