import { mkdirSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdminServer } from './admin/admin-server.ts'
import { createAmqpServer } from './amqp/listener.ts'
import { Broker } from './broker.ts'
import { type Clock, systemClock } from './clock.ts'
import { ConfigError, parseConfig } from './config.ts'
import { claimDirectory } from './journal/claim.ts'
import { DiskJournal } from './journal/disk-journal.ts'
import { Housekeeping } from './journal/housekeeping.ts'
import { type Orphans, recover } from './journal/recovery.ts'
import { segmentsIn } from './journal/segment.ts'
import { connectionString } from './sas.ts'

export interface ServiceBusOptions {
  /** Of AMQP; 0 or nothing takes a free one. */
  readonly port?: number
  /** Of the administration API; 0 or nothing takes a free one. */
  readonly adminPort?: number
  readonly host?: string
  /** In the format of Microsoft's Service Bus emulator. */
  readonly config: unknown
  /** A directory to keep messages in; without one they are in memory only. */
  readonly data?: string
  readonly clock?: Clock
  /** Bytes of one message or batch; 1 MiB if not said. */
  readonly maxMessageSize?: number
  /** Bytes of messages kept; more are refused. 1 GiB if not said. */
  readonly quota?: number
  /** Locks end when their link or connection does. In the service, and here if not said, they last until they expire. */
  readonly releaseLocksOnDisconnect?: boolean
  /** Bytes after which the journal begins a new segment; 8 MiB if not said. */
  readonly segmentSize?: number
  /** The disk failed. Nothing is acknowledged any more; if not said, the error is thrown and ends the process. */
  readonly failed?: (error: Error) => void
  /** Is told of connections that broke, in one line; written to stderr if not said. */
  readonly report?: (text: string) => void
}

export interface ServiceBus {
  readonly port: number
  readonly adminPort: number
  readonly connectionString: string
  /** Messages of entities that the configuration no longer declares: they were dropped. */
  readonly orphans: readonly Orphans[]
  close(): Promise<void>
}

const mebibyte = 1024 * 1024

function listen(server: Server | import('node:net').Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

interface Kept {
  readonly orphans: readonly Orphans[]
  close(): Promise<void>
}

/** Reads what is in the directory, and writes to it from now on. */
async function keepIn(directory: string, broker: Broker, options: ServiceBusOptions): Promise<Kept> {
  mkdirSync(directory, { recursive: true })
  const release = claimDirectory(directory)
  try {
    const orphans = recover(broker.namespace, directory)
    const before = segmentsIn(directory)
    const journal: DiskJournal = new DiskJournal({
      directory,
      ...(options.segmentSize === undefined ? {} : { segmentSize: options.segmentSize }),
      begun: () => {
        housekeeping.writeSequences()
        housekeeping.clean()
      },
      failed: options.failed ?? raise,
    })
    const housekeeping = new Housekeeping(broker.namespace, journal, broker.clock)
    broker.journal = journal
    await housekeeping.startAfresh(before)
    const close = async () => {
      await journal.close()
      release()
    }
    return { orphans, close }
  } catch (error) {
    release()
    throw error
  }
}

function raise(error: Error): never {
  throw error
}

/**
 * Starts the broker and its administration API.
 * @throws ConfigError naming what the configuration asks for and cannot have
 * @throws Error with code EADDRINUSE when a port is taken
 */
export async function startServiceBus(options: ServiceBusOptions): Promise<ServiceBus> {
  const { host = '127.0.0.1', clock = systemClock, maxMessageSize = mebibyte, quota = 1024 * mebibyte } = options
  const topology = parseConfig(options.config)
  const broker = new Broker({ topology, clock, quota })
  const kept = options.data === undefined ? undefined : await keepIn(options.data, broker, options)
  const amqp = createAmqpServer({
    ...{ broker, maxMessageSize },
    releaseLocks: options.releaseLocksOnDisconnect ?? false,
    report: options.report ?? ((text) => void process.stderr.write(`service-bus: ${text}\n`)),
  })
  const admin = createAdminServer({ broker, quota, maxMessageSize })
  const close = async () => {
    // What was taken so far is answered before the connections close.
    await new Promise<void>((resolve) => broker.journal.after(resolve))
    admin.closeAllConnections()
    await Promise.all([amqp.close(), new Promise<void>((resolve) => admin.close(() => resolve()))])
    broker.namespace.close()
    await kept?.close()
  }
  try {
    const port = await listen(amqp.server, options.port ?? 0, host)
    const adminPort = await listen(admin, options.adminPort ?? 0, host)
    return { port, adminPort, connectionString: connectionString(host, port), orphans: kept?.orphans ?? [], close }
  } catch (error) {
    await close()
    throw error
  }
}

export { ConfigError }
