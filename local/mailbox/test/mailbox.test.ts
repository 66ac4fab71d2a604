import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import { type MailboxOptions, startMailbox } from '../src/server.ts'

async function mailbox(options: MailboxOptions = {}) {
  const server = await startMailbox(options)
  onTestFinished(() => server.close())
  return server
}

function post(smtpPort: number, options: object = {}) {
  const transport = createTransport({ host: '127.0.0.1', port: smtpPort, pool: true, ignoreTLS: true, ...options })
  onTestFinished(() => transport.close())
  return transport
}

const mail = {
  from: 'Flotilla <shop@flotilla.example>',
  to: 'ada@example.com',
  subject: 'Your order is confirmed: 12 € gespart',
  text: 'Thank you.\n.\n.. and dots survive.\n',
  messageId: '<o1.confirmed@flotilla.example>',
  headers: { 'X-Flotilla-Order-Id': 'o1' },
}

async function get(url: string, path: string) {
  return (await (await fetch(`${url}${path}`)).json()) as {
    messages: Record<string, unknown>[]
    cursor: string | null
    count: number
  }
}

/** The reply that sending ends with, or `sent`. */
function reply(sending: Promise<unknown>): Promise<number | string> {
  return sending.then(
    () => 'sent',
    (error: { responseCode?: number; code: string }) => error.responseCode ?? error.code,
  )
}

test('a mail is shown as it was sent, found by recipient, order and Message-ID', async () => {
  const { url, smtpPort } = await mailbox()
  await post(smtpPort).sendMail(mail)
  for (const query of ['', '?to=ADA@example.com', '?orderId=o1', `?messageId=${encodeURIComponent(mail.messageId)}`]) {
    const { messages } = await get(url, `/messages${query}`)
    expect(messages).toEqual([
      {
        id: '1',
        messageId: mail.messageId,
        orderId: 'o1',
        from: 'shop@flotilla.example',
        to: ['ada@example.com'],
        header: { from: 'shop@flotilla.example', to: ['ada@example.com'] },
        subject: mail.subject,
        date: expect.any(String),
        receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        text: mail.text,
      },
    ])
  }
  expect((await get(url, '/messages?to=grace@example.com')).messages).toEqual([])
  expect(await get(url, '/messages/1')).toMatchObject({ messageId: mail.messageId, text: mail.text })
  expect((await fetch(`${url}/messages/2`)).status).toBe(404)
})

test('a second copy of a mail is a second row', async () => {
  const { url, smtpPort, ...server } = await mailbox()
  const transport = post(smtpPort)
  await transport.sendMail(mail)
  await transport.sendMail(mail)
  await transport.sendMail({ ...mail, messageId: '<other@flotilla.example>' })
  expect(await get(url, '/messages/count?orderId=o1')).toEqual({ count: 3 })
  expect(server.count({ messageId: mail.messageId })).toBe(2)
  expect(await server.messages({ messageId: mail.messageId })).toHaveLength(2)
})

test('P6: a mail that was answered with 250 is there after a restart', async () => {
  const data = await mkdtemp(join(tmpdir(), 'mailbox-'))
  onTestFinished(() => rm(data, { recursive: true }))
  const first = await startMailbox({ data })
  await post(first.smtpPort).sendMail(mail)
  await first.close()
  const second = await mailbox({ data })
  expect(await second.messages()).toMatchObject([{ messageId: mail.messageId, text: mail.text }])
})

test('many pooled connections at once lose nothing and repeat nothing', async () => {
  const { url, smtpPort } = await mailbox()
  const transport = post(smtpPort, { maxConnections: 20, maxMessages: Infinity })
  const names = Array.from({ length: 300 }, (_, index) => `<${index}@flotilla.example>`)
  await Promise.all(names.map((messageId) => transport.sendMail({ ...mail, messageId })))
  const seen: unknown[] = []
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const page = await get(url, `/messages?parsed=false&limit=70&cursor=${cursor}`)
    seen.push(...page.messages.map((message) => message.messageId))
    cursor = page.cursor
  }
  expect(seen.sort()).toEqual(names.sort())
})

test('a recipient named refuse-... is refused for good, and nothing is kept', async () => {
  const { smtpPort, ...server } = await mailbox()
  const transport = post(smtpPort)
  expect(await reply(transport.sendMail({ ...mail, to: 'refuse-ada@example.com' }))).toBe(550)
  expect(server.count()).toBe(0)
  expect(await reply(transport.sendMail(mail))).toBe('sent')
})

test('a recipient named busy-... is put off twice, then accepted', async () => {
  const { smtpPort, ...server } = await mailbox()
  const transport = post(smtpPort)
  const replies: unknown[] = []
  for (const _ of [1, 2, 3]) replies.push(await reply(transport.sendMail({ ...mail, to: 'busy-ada@example.com' })))
  expect(replies).toEqual([451, 451, 'sent'])
  expect(server.count()).toBe(1)
})

test('any user and password may log in', async () => {
  const { smtpPort } = await mailbox()
  expect(await reply(post(smtpPort, { auth: { user: 'ada', pass: 'secret' } }).sendMail(mail))).toBe('sent')
})

test('a mail that is too large is refused, and nothing is kept', async () => {
  const { smtpPort, ...server } = await mailbox()
  const text = 'x'.repeat(1024 * 1024)
  expect(await reply(post(smtpPort).sendMail({ ...mail, text }))).toBe(552)
  expect(server.count()).toBe(0)
})

test.each([
  ['refuse', 550, 0],
  ['busy', 451, 0],
  ['down', expect.stringMatching(/^E/), 0],
  ['break-after', expect.stringMatching(/^E/), 1],
] as const)('the fault %s holds for as many mails as asked', async (mode, expected, kept) => {
  const { url, smtpPort, ...server } = await mailbox()
  const body = JSON.stringify({ mode, count: 1 })
  await fetch(`${url}/flotilla/faults`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  expect(await reply(post(smtpPort, { pool: false }).sendMail(mail))).toEqual(expected)
  expect(server.count()).toBe(kept)
  expect(await reply(post(smtpPort, { pool: false }).sendMail(mail))).toBe('sent')
  expect(server.count()).toBe(kept + 1)
})

test('while it is down an open connection breaks too', async () => {
  const { smtpPort, ...server } = await mailbox()
  const transport = post(smtpPort, { maxConnections: 1, maxRequeues: 0 })
  await transport.sendMail(mail)
  server.setFault({ mode: 'down' })
  expect(await reply(transport.sendMail(mail))).toEqual(expect.stringMatching(/^E/))
  server.setFault({ mode: 'none' })
  expect(await reply(transport.sendMail(mail))).toBe('sent')
  expect(server.count()).toBe(2)
})

test('a slow mailbox answers late, and has kept the mail', async () => {
  const { smtpPort, ...server } = await mailbox()
  server.setFault({ mode: 'slow', seconds: 0.2, count: 1 })
  const started = performance.now()
  await post(smtpPort).sendMail(mail)
  expect(performance.now() - started).toBeGreaterThan(190)
  expect(server.count()).toBe(1)
})

test('closing ends pooled connections that idle', async () => {
  const server = await startMailbox()
  await post(server.smtpPort).sendMail(mail)
  await server.close()
  await expect(fetch(server.url)).rejects.toThrow()
})

test('the page for people takes nothing of a mail as markup', async () => {
  const { url, smtpPort } = await mailbox()
  expect(await (await fetch(url)).text()).toContain('Nothing has arrived yet')
  await post(smtpPort).sendMail({
    ...mail,
    subject: '<script>alert(1)</script>',
    text: '</pre><img src=x onerror="x">',
  })
  const response = await fetch(url)
  const page = await response.text()
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(page).toContain('&lt;/pre&gt;&lt;img src=x onerror=&quot;x&quot;&gt;')
  expect(page).not.toMatch(/<script|<img|https?:\/\//)
})

test.each(['/messages?colour=red', '/messages?limit=0', '/messages?cursor=x', '/messages/count?limit=1'])(
  '%s is refused by name',
  async (path) => {
    const { url } = await mailbox()
    const response = await fetch(`${url}${path}`)
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      expect.stringContaining('problem+json'),
    ])
    expect(((await response.json()) as { detail: string }).detail).toMatch(/colour|limit|cursor/)
  },
)
