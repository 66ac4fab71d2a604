import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileOf, type ImageName, imageOf, isStandIn } from './images.ts'
import { type Surroundings, settingOf } from './setting.ts'

/**
 * Programs of an image, run alone on free ports of this machine: nothing that they speak to is there, but a collector. A service starts
 * all the same (and would be ready when it has waited long enough for the keys of its issuers).
 */

/** A program that ran until it was ready, and then to its end. */
export interface Trial {
  readonly program: string
  /** From its start until it said that it is ready, in milliseconds. */
  readonly readyMs: number
  /** What it had used when it answered that it is ready; undefined where there is no /proc. */
  readonly used: { readonly cpuMs: number; readonly memoryMiB: number } | undefined
  /** Paths on which it sent telemetry. */
  readonly collected: readonly string[]
}

export interface TrialOptions {
  readonly image: ImageName
  /** Where its programs are. */
  readonly folder: string
  readonly surroundings: Surroundings
  /** What the programs inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

type Environment = TrialOptions['environment']

/** Runs each program that stays until it is ready, and then ends it; on a laptop the migrations first. Throws with what a program said. */
export async function* trials({ image, folder, surroundings, environment }: TrialOptions): AsyncGenerator<Trial> {
  const data = mkdtempSync(join(tmpdir(), 'flotilla-trial-'))
  const collector = await collecting()
  try {
    const settings = settingOf(surroundings, data, collector.url)
    const { programs, migrations } = imageOf(image)
    for (const program of Object.keys(programs)) {
      const { args, env } = settings(program)
      const begin = (more: readonly string[]) =>
        new Run(join(folder, fileOf(program)), { args: [...args, ...more], env: { ...environment, ...env } })
      if (program !== 'migrate')
        yield { program, ...(await untilReady(begin([]), probeOf(program))), collected: collector.taken() }
      else if (migrations !== undefined && surroundings === 'laptop') await begin([migrations]).succeeded()
    }
  } finally {
    collector.close()
    rmSync(data, { recursive: true, force: true })
  }
}

/** Takes whatever telemetry is sent to it. */
async function collecting() {
  let paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    request.resume().once('end', () => response.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    taken() {
      const taken = paths
      paths = []
      return taken
    },
    close: () => void server.close(),
  }
}

/** A program that runs, and what it says. */
class Run {
  readonly file: string
  readonly child
  /** Exit code or signal. */
  readonly ended: Promise<number | string>
  readonly #listening = Promise.withResolvers<string>()
  #said = ''

  constructor(file: string, { args, env }: { args: readonly string[]; env: Environment }) {
    this.file = file
    this.child = spawn(process.execPath, [file, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const output of [this.child.stdout, this.child.stderr]) output.setEncoding('utf8').on('data', this.#hear)
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', (code, signal) => resolve(code ?? `${signal}`))
    })
  }

  #hear = (text: string) => {
    this.#said += text
    const url = readyLine(this.#said)
    if (url !== undefined) this.#listening.resolve(url)
  }

  failure = (what: string) => new Error(`${this.file} ${what}:\n${this.#said}`)

  /** Where it listens, when it is ready. */
  async ready(): Promise<string> {
    const ended = this.ended.then((how) => {
      throw this.failure(`ended with ${how} while it started`)
    })
    return Promise.race([this.#listening.promise, ended])
  }

  async succeeded(): Promise<void> {
    const how = await this.ended
    if (how !== 0) throw this.failure(`ended with ${how}`)
  }
}

/** A line of JSON that says where the program listens, as services and stand-ins write when they are ready. */
function readyLine(said: string): string | undefined {
  for (const line of said.split('\n').slice(0, -1)) {
    if (!line.startsWith('{')) continue
    const { event, ready, url, port, adminPort } = JSON.parse(line) as Record<string, unknown>
    if (event === 'ready' || ready === true) return String(url ?? `http://127.0.0.1:${adminPort ?? port}`)
  }
  return undefined
}

const probeOf = (program: string) => (isStandIn(program) ? '/health/ready' : '/health/startup')

async function untilReady(run: Run, probe: string): Promise<Pick<Trial, 'readyMs' | 'used'>> {
  const begun = performance.now()
  try {
    const url = await run.ready()
    const readyMs = performance.now() - begun
    const { status } = await fetch(`${url}${probe}`, { headers: { connection: 'close' } })
    const used = usedBy(run.child.pid)
    run.child.kill('SIGTERM')
    await run.succeeded()
    if (status !== 200) throw run.failure(`answered ${probe} with ${status}`)
    return { readyMs, used }
  } finally {
    run.child.kill('SIGKILL')
  }
}

/** Linux counts time in hundredths of a second: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function usedBy(pid: number | undefined): Trial['used'] {
  if (process.platform !== 'linux') return undefined
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13) ?? []
  return { cpuMs: (Number(user) + Number(system)) * 10, memoryMiB: Number(kib) / 1024 }
}
