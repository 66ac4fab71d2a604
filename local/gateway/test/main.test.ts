import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'

const upstreams = ['order', 'inventory', 'payment', 'notification'].flatMap((name) => [
  `--${name}`,
  'http://127.0.0.1:9',
])

function start(...flags: string[]) {
  const child = spawn(process.execPath, ['src/main.ts', ...flags], { cwd: new URL('..', import.meta.url) })
  onTestFinished(() => void child.kill('SIGKILL'))
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  return { child, complaint: () => complaint, exit: once(child, 'close') as Promise<[number | null]> }
}

test('says on one line that it is ready, and ends with 0 on SIGTERM', async () => {
  const { child, exit } = start('--port', '0', ...upstreams)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const ready = JSON.parse(line) as { url: string }
  expect(ready).toMatchObject({ event: 'ready', name: 'gateway', port: expect.any(Number), url: expect.any(String) })
  expect((await fetch(`${ready.url}/health/ready`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await exit).toEqual([0, null])
})

test('names a taken port and ends with 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const { complaint, exit } = start('--port', String(port), ...upstreams)
  expect(await exit).toEqual([1, null])
  expect(complaint()).toContain(`gateway: port ${port} on 127.0.0.1 is taken`)
})

test.each([
  [['--colour', 'red'], '--colour'],
  [['--port', 'http', ...upstreams], '--port'],
  [['--order', 'http://127.0.0.1:9,nowhere'], '--order'],
  [[], '--notification'],
])('refuses the flags %j and names the bad one', async (flags, name) => {
  const { complaint, exit } = start(...flags)
  expect(await exit).toEqual([1, null])
  expect(complaint()).toContain(name)
})
