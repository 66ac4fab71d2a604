import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'

async function start(data: string) {
  const child = spawn(process.execPath, ['src/main.ts', '--data', data], { cwd: new URL('..', import.meta.url) })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, ...(JSON.parse(line) as { url: string; smtpPort: number }) }
}

test('P6: a mail that was answered with 250 is there after kill -9', async () => {
  const data = await mkdtemp(join(tmpdir(), 'mailbox-'))
  onTestFinished(() => rm(data, { recursive: true }))
  const first = await start(data)
  const transport = createTransport({
    host: '127.0.0.1',
    port: first.smtpPort,
    pool: true,
    maxConnections: 10,
    maxRequeues: 0,
    ignoreTLS: true,
  })
  onTestFinished(() => transport.close())
  const answered: string[] = []
  const senders = Array.from({ length: 10 }, async (_, sender) => {
    for (let nth = 0; ; nth += 1) {
      const messageId = `<${sender}.${nth}@flotilla.example>`
      await transport.sendMail({ from: 'shop@flotilla.example', to: 'ada@example.com', messageId, text: 'x' })
      answered.push(messageId)
      if (answered.length === 20) first.child.kill('SIGKILL')
    }
  })
  await Promise.allSettled(senders)
  expect(answered.length).toBeGreaterThanOrEqual(20)
  const { url } = await start(data)
  const response = await fetch(`${url}/messages?parsed=false&limit=1000`)
  const { messages } = (await response.json()) as { messages: { messageId: string }[] }
  const kept = messages.map((message) => message.messageId)
  expect(kept).toEqual(expect.arrayContaining(answered))
})
