import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Member } from './members.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not even be started. */
  readonly error?: Error
}

/** A process of the fleet that runs now; what it says goes to its log file. */
export interface Running {
  readonly pid: number
  readonly exited: Promise<Exit>
  kill(signal: NodeJS.Signals): void
}

/** How often readiness is asked for while a process starts, in milliseconds. */
const askEvery = 25
const startWithin = 30_000

/** Runs a member under this Node. */
export function run(member: Member, log: string, environment: Readonly<Record<string, string | undefined>>): Running {
  mkdirSync(dirname(log), { recursive: true })
  const output = openSync(log, 'a')
  let child: ChildProcess
  try {
    // Ctrl-C in the terminal is for us alone: we end the others in order.
    child = spawn(process.execPath, [member.main, ...member.args], {
      env: { ...environment, ...member.env },
      stdio: ['ignore', output, output],
      detached: true,
    })
  } finally {
    closeSync(output)
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  return { pid: child.pid ?? 0, exited, kill: (signal) => void child.kill(signal) }
}

/** Resolves when the member answers that it is ready; throws with the end of its log when it exits or takes too long. */
export async function untilReady({ name, ready }: Member, running: Running, log: string): Promise<void> {
  let exit: Exit | undefined
  void running.exited.then((how) => {
    exit = how
  })
  const until = Date.now() + startWithin
  for (;;) {
    if (exit) throw new Error(`${name} ended while it started (${describe(exit)}):\n${tail(log)}`)
    if (await answers(ready)) return
    if (Date.now() > until) throw new Error(`${name} is not ready after ${startWithin / 1000} s:\n${tail(log)}`)
    await new Promise((resolve) => setTimeout(resolve, askEvery))
  }
}

export function describe({ code, signal, error }: Exit): string {
  if (error) return error.message
  return signal ? `killed by ${signal}` : `exit code ${code}`
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    // Nothing listens yet.
    return false
  }
}

function tail(log: string, lines = 12): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}
