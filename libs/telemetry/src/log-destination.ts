import { pino } from 'pino'

/** Where a logger writes. `flush` calls back when what was written before is on its way to the operating system. */
export type LogDestination = {
  write(line: string): void
  flush(onDone?: (error?: Error) => void): void
}

/**
 * Writes to a file descriptor or path, asynchronously, and all lines of one event-loop turn at once: a write per line
 * costs a system call and a wake-up of another thread each. What is buffered when the process exits is written out then;
 * only a `kill -9` loses lines, those of its last turn.
 */
export function createLogDestination(destination: number | string = 1): LogDestination {
  const file = pino.destination({ dest: destination, sync: false })
  let lines = ''
  let isScheduled = false
  const write = () => {
    isScheduled = false
    if (lines === '') return
    const batch = lines
    lines = ''
    file.write(batch)
  }
  process.once('exit', () => {
    write()
    // A reader that went away (EPIPE) or a full pipe must not turn an orderly exit into another.
    try {
      file.flushSync()
    } catch (error) {
      process.stderr.write(`the last log lines were lost: ${String(error)}\n`)
    }
  })
  return {
    write(line) {
      lines += line
      if (isScheduled) return
      isScheduled = true
      setImmediate(write)
    },
    flush(onDone) {
      write()
      file.flush(onDone ?? (() => {}))
    },
  }
}
