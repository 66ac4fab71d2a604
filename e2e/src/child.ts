import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'

/** A program ended with another code than 0, was ended by a signal, or did not end in time. */
export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed'
  readonly stderr: string
  constructor(command: string, why: string, stderr: string) {
    super(`${command}: ${why}${stderr && `\n${stderr.trim()}`}`)
    this.stderr = stderr
  }
}

export interface RunOptions {
  readonly cwd?: string
  readonly input?: string
  /** Milliseconds. */
  readonly timeout?: number
  /** Environment on top of our own. */
  readonly env?: Readonly<Record<string, string>>
}

const shown = (file: string, args: readonly string[]) => {
  const line = [file, ...args].join(' ')
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}

/** Runs a program to its end and gives back what it said, as bytes. Throws `ProgramFailed`. */
export async function runBytes(file: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const { input, timeout = 60_000, cwd } = options
  const child = start(file, args, { ...(cwd !== undefined && { cwd }), stdio: ['pipe', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk))
  // A program that ends before it has read all says so by its exit code.
  child.stdin?.on('error', () => {}).end(input ?? '')
  const late = setTimeout(() => child.kill('SIGKILL'), timeout)
  const ended = await endOf(child)
  clearTimeout(late)
  const stderr = Buffer.concat(errors).toString()
  if (ended.code === 0) return Buffer.concat(out)
  const why = ended.error ?? (ended.signal ? `not ended after ${timeout / 1000} s` : `exit code ${ended.code}`)
  throw new ProgramFailed(shown(file, args), why, stderr)
}

/** The same, as text. */
export const runText = async (file: string, args: readonly string[], options: RunOptions = {}): Promise<string> =>
  (await runBytes(file, args, options)).toString()

/** A program that runs beside us. */
export interface Companion {
  /** Resolves when it has ended, with what it said to stderr; never rejects. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>
  stop(): Promise<void>
}

/** Starts a program and hears its lines until it ends. What is cut off in the middle is no line. */
export function follow(file: string, args: readonly string[], hear: (line: string) => void): Companion {
  const child = start(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const errors: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk))
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) hear(line)
  })
  const ended = endOf(child).then(({ code, error }) => ({ code, stderr: error ?? Buffer.concat(errors).toString() }))
  return {
    ended,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM')
})

/** A program that runs while we end is ended with us. */
function start(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(file, [...args], options)
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

function endOf(child: ChildProcess) {
  return new Promise<{ code: number | null; signal: NodeJS.Signals | null; error?: string }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error: error.message }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}
