import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../src/environment.ts'
import { type ProcessPort, runProcess, type Started } from '../src/lifecycle.ts'
import { createHealth } from '../src/probes.ts'

/** A process that is none: signals are sent by hand, and its words and its exit are kept. */
function fakeProcess() {
  const listeners = new Map<string, (...values: unknown[]) => void>()
  const said: string[] = []
  const complained: string[] = []
  const exited = Promise.withResolvers<number>()
  const port: ProcessPort = {
    on: (event, listener) => listeners.set(event, listener as (...values: unknown[]) => void),
    exit: (code) => exited.resolve(code),
    say: (text) => said.push(text),
    complain: (text) => complained.push(text),
  }
  const emit = (event: string, value?: unknown) => listeners.get(event)?.(value)
  return { port, emit, said, complained, exited: exited.promise }
}

const ready = async (said: string[]) => expect.poll(() => said.length).toBe(1)

test('on SIGTERM it stops being ready, runs every step in order and exits 0', async () => {
  const { port, emit, said, exited } = fakeProcess()
  const health = createHealth()
  const done: string[] = []
  const step = (name: string) => ({
    name,
    run: async () => {
      await new Promise(setImmediate)
      done.push(`${name}, ready: ${!health.isDraining}`)
    },
  })
  const started: Started = { health, ready: { url: 'http://x' }, drain: ['receive', 'http', 'relay'].map(step) }
  void runProcess({ name: 'order', start: () => started, port })
  await ready(said)
  expect(JSON.parse(said[0] as string)).toMatchObject({ ready: true, name: 'order', pid: process.pid, url: 'http://x' })
  expect(health.isStarted).toBe(true)
  emit('SIGTERM')
  emit('SIGINT')
  expect(await exited).toBe(0)
  expect(done).toEqual(['receive, ready: false', 'http, ready: false', 'relay, ready: false'])
})

test('a step that hangs ends the process with 1 and is named', async () => {
  const { port, emit, said, complained, exited } = fakeProcess()
  const drain = [{ name: 'close pools', run: () => new Promise<void>(() => {}) }]
  void runProcess({ name: 'order', start: () => ({ drain }), graceMs: 20, port })
  await ready(said)
  emit('SIGTERM')
  expect(await exited).toBe(1)
  expect(complained).toEqual(['order: did not end within 20 ms: the step "close pools" hung'])
})

test('a step that fails does not keep the next from running, and the exit code tells', async () => {
  const { port, emit, said, exited } = fakeProcess()
  const done: string[] = []
  const drain = [
    { name: 'relay', run: () => Promise.reject(new Error('broker gone')) },
    { name: 'pools', run: () => void done.push('pools') },
  ]
  void runProcess({ name: 'order', start: () => ({ drain }), port })
  await ready(said)
  emit('SIGINT')
  expect(await exited).toBe(1)
  expect(done).toEqual(['pools'])
})

test('a signal during the start drains once it has started', async () => {
  const { port, emit, exited } = fakeProcess()
  const gate = Promise.withResolvers<Started>()
  const done: string[] = []
  void runProcess({ name: 'order', start: () => gate.promise, port })
  emit('SIGTERM')
  gate.resolve({ drain: [{ name: 'http', run: () => void done.push('http') }] })
  expect(await exited).toBe(0)
  expect(done).toEqual(['http'])
})

test('wrong configuration is told plainly', async () => {
  const { port, complained, exited } = fakeProcess()
  const start = () => {
    throw new ConfigError(['PORT is not set'])
  }
  void runProcess({ name: 'order', start, port })
  expect(await exited).toBe(1)
  expect(complained).toEqual(['order: The configuration is not valid:\n  PORT is not set'])
})

test('a taken port is named', async () => {
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port: number } = taken.address() as { port: number }
  const { port, complained, exited } = fakeProcess()
  const start = async () => {
    const second = createServer()
    second.listen(number, '127.0.0.1')
    await once(second, 'listening')
    return { drain: [] }
  }
  void runProcess({ name: 'order', start, port })
  expect(await exited).toBe(1)
  expect(complained).toEqual([
    `order: port ${number} is taken: end what listens on 127.0.0.1:${number}, or choose another port`,
  ])
  taken.close()
})

test.each(['uncaughtException', 'unhandledRejection'])('%s ends the process with 1', async (event) => {
  const { port, emit, said, complained, exited } = fakeProcess()
  void runProcess({ name: 'order', start: () => ({ drain: [] }), port })
  await ready(said)
  emit(event, new Error('nobody caught this'))
  expect(await exited).toBe(1)
  expect(complained[0]).toContain('nobody caught this')
})

test('a real process serves, drains a request in hand, closes kept connections and exits 0', async () => {
  const file = new URL('./real-process.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  const lines: { msg: string; url?: string }[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line)))
  const line = async (msg: string) => {
    await expect.poll(() => lines.map((it) => it.msg), { timeout: 10_000 }).toContain(msg)
    return lines.find((it) => it.msg === msg)
  }
  const url = (await line('real is ready'))?.url
  // Kept alive and idle: must not keep the process.
  await (await fetch(`${url}/health/ready`)).text()
  const inHand = fetch(`${url}/slow`, { headers: { authorization: 'Bearer any' } })
  await line('in hand')
  child.kill('SIGTERM')
  const answer = await inHand
  expect([answer.status, await answer.text()]).toEqual([200, 'done'])
  expect(await exit).toEqual([0, null])
  await line('real has drained')
}, 30_000)
