import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { counterOf, newCounter } from '@flotilla/decider/contract-domain'
import { load } from '@flotilla/decider/contract-subject'
import { expect, onTestFinished, test } from 'vitest'
import { makeSubject } from './fixture.ts'

async function start() {
  const subject = await makeSubject()
  onTestFinished(() => subject.dispose())
  const write = (counter: string, times: number) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), subject.file, counter, `${times}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }
  return { ...subject, write }
}

test('processes that share a file wait for each other and lose nothing', async () => {
  const { store, write } = await start()
  const counter = newCounter()
  const children = [write(counter, 100), write(counter, 100)]
  const exits = await Promise.all(
    children.map((child) => {
      child.stdout.resume()
      return once(child, 'exit')
    }),
  )
  expect(exits).toEqual([
    [0, null],
    [0, null],
  ])
  expect((await load(store, [counter])).rows.get(counter)).toEqual({ state: counterOf(200), version: 200 })
}, 30_000)

test('what was answered before a kill is there', async () => {
  const { store, write } = await start()
  const counter = newCounter()
  const child = write(counter, 1_000_000)
  let answered = ''
  child.stdout.on('data', (chunk: Buffer) => {
    answered += chunk.toString()
    if (answered.includes('\n50\n')) child.kill('SIGKILL')
  })
  expect(await once(child, 'close')).toEqual([null, 'SIGKILL'])
  const last = Number(answered.slice(0, answered.lastIndexOf('\n')).split('\n').at(-1))
  const version = (await load(store, [counter])).rows.get(counter)?.version ?? 0
  expect(last).toBeGreaterThanOrEqual(50)
  expect(version).toBeGreaterThanOrEqual(last)
}, 30_000)
