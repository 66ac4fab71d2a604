import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export interface Ready {
  readonly event: 'ready'
  readonly name: string
  readonly port: number
  readonly adminPort: number
  readonly connectionString: string
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'service-bus-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

export function configFile(config: unknown): string {
  const file = join(temporaryDirectory(), 'config.json')
  writeFileSync(file, JSON.stringify(config))
  return file
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += chunk
  return text
}

function start(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit')
  })
  return child
}

/** Runs the command until it ends by itself. */
export async function run(...args: string[]): Promise<{ code: number; stderr: string }> {
  const child = start(args)
  const [stderr, [code]] = await Promise.all([textOf(child.stderr as never), once(child, 'exit')])
  return { code: code as number, stderr }
}

/** Starts the command and waits until it says that it is ready. */
export async function serve(
  ...args: string[]
): Promise<Ready & { end(signal: NodeJS.Signals): Promise<number | null> }> {
  const child = start(args)
  let said = ''
  for await (const chunk of (child.stdout as NodeJS.ReadableStream).setEncoding('utf8')) {
    said += chunk
    if (said.includes('\n')) break
  }
  if (!said.includes('\n')) throw new Error(await textOf(child.stderr as never))
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(child, 'exit')
    child.kill(signal)
    const [code] = await ended
    return code as number | null
  }
  return { ...(JSON.parse(said) as Ready), end }
}
