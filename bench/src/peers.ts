import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { emulatorConfig } from '@flotilla/contracts/emulator'
import { services } from '@flotilla/contracts/topology'
import { root } from '@flotilla/up/members'
import { freePorts } from '@flotilla/up/ports'
import { cpuDuring } from './cpu.ts'

interface Peer {
  readonly child: ChildProcess
  /** The next line it prints that is JSON. */
  next<Line>(): Promise<Line>
  end(): Promise<void>
}

const here = join(root, 'bench', 'src')

function run(main: string, ...args: string[]): Peer {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    async next<Line>() {
      const { value, done } = await lines.next()
      if (done) throw new Error(`${main} ended before it said what was waited for`)
      return JSON.parse(value) as Line
    },
    async end() {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** Fastify with validation, in one process. */
export async function bareFastify(): Promise<{ url: string; end(): Promise<void> }> {
  const peer = run(join(here, 'bare.ts'))
  const { url } = await peer.next<{ url: string }>()
  return { url, end: () => peer.end() }
}

/** The saga's messages between four processes and a broker that keeps them on disk as ours does. CPU in µs per order. */
export async function messagesOnly(orders: number): Promise<{ perSecond: number; cpu: number }> {
  const data = mkdtempSync(join(tmpdir(), 'flotilla-messages-'))
  const ports = await freePorts()
  const config = join(data, 'topology.json')
  writeFileSync(config, JSON.stringify(emulatorConfig()))
  const main = join(root, 'local', 'service-bus', 'src', 'main.ts')
  const where = ['--port', String(ports['service-bus']), '--admin-port', String(ports['service-bus-admin'])]
  const bus = run(main, ...where, '--config', config, '--data', join(data, 'bus'))
  const peers: Peer[] = []
  try {
    const { connectionString } = await bus.next<{ connectionString: string }>()
    for (const service of services) {
      const peer = run(join(here, 'messages.ts'), service, connectionString, String(orders), '300')
      peers.push(peer)
      await peer.next()
    }
    const pids = [bus, ...peers].map(({ child }) => child.pid as number)
    const order = peers[0] as Peer
    const { result, cpu } = await cpuDuring(pids, async () => {
      order.child.stdin?.write('go\n')
      return order.next<{ ended: number; ms: number }>()
    })
    if (result.ended < orders) throw new Error(`only ${result.ended} of ${orders} came through within 2 minutes`)
    return { perSecond: (orders / result.ms) * 1_000, cpu: cpu / orders }
  } finally {
    await Promise.all(peers.map((peer) => peer.end()))
    await bus.end()
    rmSync(data, { recursive: true, force: true })
  }
}
