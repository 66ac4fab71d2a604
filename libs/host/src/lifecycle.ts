import type { Logger } from '@flotilla/telemetry/log'
import { ConfigError } from './environment.ts'
import type { Health } from './probes.ts'

/** One step of an orderly end. */
export type DrainStep = { readonly name: string; readonly run: () => void | Promise<void> }

/** A process that has started. */
export type Started = {
  /** The log, when `runProcess` was not given one: its level comes from the configuration. */
  readonly logger?: Logger | undefined
  /** Set to started, and to draining before the first step. */
  readonly health?: Health | undefined
  /** Further fields of the line that says it is ready, e.g. `{ url }`. */
  readonly ready?: Readonly<Record<string, unknown>> | undefined
  /**
   * In order: stop receiving and finish what is in hand, close HTTP, last relay, flush telemetry, close pools. A step that
   * fails is logged, and the next one runs all the same.
   */
  readonly drain: readonly DrainStep[]
}

/** What `runProcess` needs of the process; for tests. */
export type ProcessPort = {
  on(event: string, listener: (...values: never[]) => void): unknown
  exit(code: number): void
  say(text: string): void
  complain(text: string): void
}

/** How a process runs. */
export type ProcessOptions = {
  readonly name: string
  readonly logger?: Logger | undefined
  readonly start: () => Started | Promise<Started>
  /** From the signal to the end, ms, default 25,000: below Kubernetes' grace period of 30 s. */
  readonly graceMs?: number | undefined
  readonly signals?: readonly NodeJS.Signals[] | undefined
  readonly port?: ProcessPort | undefined
}

const realProcess: ProcessPort = {
  on: (event, listener) => process.on(event, listener as (...values: unknown[]) => void),
  exit: (code) => process.exit(code),
  say: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
}

/** Why a start failed, for the person who started it; undefined for what needs a stack trace. */
function plainly(name: string, error: unknown): string | undefined {
  if (error instanceof ConfigError) return `${name}: ${error.message}`
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  if (code === 'EADDRINUSE')
    return `${name}: port ${port} is taken: end what listens on ${address}:${port}, or choose another port`
  if (code === 'EACCES' && port !== undefined)
    return `${name}: port ${port} may not be used by this user: choose one above 1023`
  return undefined
}

type Life = { step: string; logger: Logger | undefined; isEnding: boolean }

function flushed(logger: Logger | undefined): Promise<void> {
  if (logger === undefined) return Promise.resolve()
  return new Promise((resolve) => logger.flush(() => resolve()))
}

async function drain({ health, drain: steps }: Started, life: Life): Promise<number> {
  health?.draining()
  let code = 0
  for (const { name, run } of steps) {
    life.step = name
    try {
      await run()
    } catch (error) {
      code = 1
      life.logger?.error({ err: error, step: name }, `the step "${name}" of the shutdown failed`)
    }
  }
  return code
}

function announce({ name }: ProcessOptions, { ready }: Started, { logger }: Life, port: ProcessPort): void {
  const fields = { ready: true, name, pid: process.pid, ready_ms: Math.round(performance.now()), ...ready }
  if (logger === undefined) port.say(JSON.stringify(fields))
  else logger.info(fields, `${name} is ready`)
}

/** Whatever nobody caught ends the process: its state is not known any more, and a restart forgets nothing. */
function watchFaults(life: Life, port: ProcessPort, name: string): void {
  const fatal = (kind: string) => (error: unknown) => {
    if (life.logger === undefined)
      port.complain(`${name}: ${kind}: ${error instanceof Error ? error.stack : String(error)}`)
    else life.logger.fatal({ err: error, kind }, `${kind}: ${name} ends`)
    void flushed(life.logger).then(() => port.exit(1))
  }
  port.on('uncaughtException', fatal('uncaught exception'))
  port.on('unhandledRejection', fatal('unhandled rejection'))
}

/** Resolves with the exit code: 0 when drained, 1 when a step failed or hung beyond the grace period. */
async function endOrderly(
  started: Promise<Started>,
  life: Life,
  options: ProcessOptions,
  signal: string,
): Promise<number> {
  const graceMs = options.graceMs ?? 25_000
  life.logger?.info({ signal }, `${signal}: ${options.name} drains`)
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => late.resolve('late'), graceMs)
  const end = await Promise.race([started.then((it) => drain(it, life)), late.promise])
  clearTimeout(timer)
  if (end !== 'late') {
    life.logger?.info({ signal, code: end }, `${options.name} has drained`)
    return end
  }
  const text = `did not end within ${graceMs} ms: the step "${life.step}" hung`
  if (life.logger === undefined) options.port?.complain(`${options.name}: ${text}`)
  else life.logger.error({ step: life.step, grace_ms: graceMs }, text)
  return 1
}

/**
 * Runs a process: starts it, says when it is ready, and on SIGTERM or SIGINT ends it in order within the grace period.
 * Exits 0 when it drained; 1 with a plain message when the configuration is wrong, a port is taken, a step hung, or
 * something was thrown that nobody caught. Resolves once `exit` was called.
 */
export async function runProcess(options: ProcessOptions): Promise<void> {
  const { name, signals = ['SIGTERM', 'SIGINT'], port = realProcess } = options
  const life: Life = { step: 'start', logger: options.logger, isEnding: false }
  const ended = Promise.withResolvers<void>()
  const exit = async (code: number) => {
    await flushed(life.logger)
    port.exit(code)
    ended.resolve()
  }
  watchFaults(life, port, name)

  const starting = (async () => options.start())()
  for (const signal of signals)
    port.on(signal, () => {
      // Of a Ctrl-C both the terminal and the parent tell us: the second word changes nothing.
      if (life.isEnding) return
      life.isEnding = true
      void endOrderly(starting, life, { ...options, port }, signal).then(exit, () => exit(1))
    })

  try {
    const started = await starting
    life.logger ??= started.logger
    started.health?.started()
    announce(options, started, life, port)
  } catch (error) {
    const plain = plainly(name, error)
    if (plain !== undefined) port.complain(plain)
    else if (life.logger !== undefined) life.logger.fatal({ err: error }, `${name} could not start`)
    else port.complain(`${name}: ${error instanceof Error ? error.stack : String(error)}`)
    await exit(1)
  }
  await ended.promise
}
