import { setTimeout as pause } from 'node:timers/promises'
import { type Companion, follow, ProgramFailed, type RunOptions, runBytes } from './child.ts'

/** Anything of the API, as it is sent. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** Where Node is in the distroless image. */
export const nodeInImage = '/nodejs/bin/node'

/** The API server was not to be reached, or did not get to it; the same may be asked again. */
const passing =
  /connection refused|connection reset|i\/o timeout|TLS handshake timeout|unexpected EOF|unable to handle the request|etcdserver|http2: client connection lost|Too Many Requests|Service Unavailable/
const tries = 6
const tryAgainAfter = 2_000

/** One cluster, by `kubectl` from PATH. Every method throws `ProgramFailed` with what kubectl said. */
export class Kubectl {
  readonly #config: readonly string[]

  constructor(kubeconfig: string) {
    this.#config = ['--kubeconfig', kubeconfig]
  }

  /** @param timeout milliseconds. */
  run(args: readonly string[], timeout = 60_000): Promise<string> {
    return this.#text(args, { timeout })
  }

  async #text(args: readonly string[], options: RunOptions): Promise<string> {
    return (await this.#bytes(args, options)).toString()
  }

  /** What cannot reach the API server is tried again: everything that is asked here may be asked twice. */
  async #bytes(args: readonly string[], options: RunOptions): Promise<Buffer> {
    for (let left = tries - 1; ; left -= 1) {
      try {
        return await runBytes('kubectl', [...this.#config, ...args], options)
      } catch (error) {
        if (left === 0 || !(error instanceof ProgramFailed && passing.test(error.stderr))) throw error
      }
      await pause(tryAgainAfter)
    }
  }

  async json<Body>(args: readonly string[]): Promise<Body> {
    return JSON.parse(await this.run([...args, '--output', 'json'])) as Body
  }

  async list<Item>(kind: string, args: readonly string[]): Promise<readonly Item[]> {
    return (await this.json<{ items: Item[] }>(['get', kind, ...args])).items
  }

  async apply(manifests: readonly Manifest[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests })
    await this.#text(['apply', '--filename', '-'], { input })
  }

  /** Waits until an object is so; `condition` as `kubectl wait --for` takes it. @param within seconds. */
  async wait(target: readonly string[], condition: string, within: number): Promise<void> {
    await this.run(['wait', ...target, `--for=${condition}`, `--timeout=${within}s`], (within + 30) * 1_000)
  }

  /** The same for an object that is not there yet. @param within seconds, until it is there, and then again. */
  async appears(target: readonly string[], condition: string, within: number): Promise<void> {
    await this.wait(target, 'create', within)
    await this.wait(target, condition, within)
  }

  /** Runs JavaScript in a pod, in its network and with its files. */
  async evaluate(namespace: string, pod: string, script: string, timeout = 60_000): Promise<Buffer> {
    const args = ['exec', '--namespace', namespace, pod, '--', nodeInImage, '--input-type=module', '--eval', script]
    return this.#bytes(args, { timeout })
  }

  /** Hears the lines of a pod's log until its container ends. */
  logs(namespace: string, pod: string, hear: (line: string) => void): Companion {
    return follow('kubectl', [...this.#config, 'logs', '--namespace', namespace, '--follow', pod], hear)
  }

  /** Makes a port of a service reachable from here, at one of its pods. */
  async forward(namespace: string, target: string, port: number | string): Promise<Forward> {
    let opened = (_url: string) => {}
    const url = new Promise<string>((resolve) => {
      opened = resolve
    })
    const args = ['port-forward', '--namespace', namespace, target, `:${port}`]
    const child = follow('kubectl', [...this.#config, ...args], (line) => {
      const local = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (local) opened(`http://127.0.0.1:${local}`)
    })
    const failed = child.ended.then(({ stderr }) => {
      throw new Error(`port ${port} of ${target} in ${namespace} cannot be forwarded: ${stderr}`)
    })
    // Once it is open, its end is no fault: whoever uses it is told by the connection.
    failed.catch(() => {})
    return { url: await Promise.race([url, failed]), close: () => child.stop() }
  }
}

export interface Forward {
  readonly url: string
  close(): Promise<void>
}
