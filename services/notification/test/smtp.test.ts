import { startMailbox } from '@flotilla/mailbox/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { smtpMailer } from '../src/outbound/mail.ts'
import { smtpTransport } from '../src/outbound/smtp.ts'
import { confirmed, createWorld, order, startNotifying } from './notifying.ts'

/** nodemailer against a mail server that speaks SMTP: what notification believes of mail servers is so. */

async function start() {
  const mailbox = await startMailbox()
  onTestFinished(() => mailbox.close())
  const transport = smtpTransport({ url: `smtp://127.0.0.1:${mailbox.smtpPort}` })
  onTestFinished(() => transport.close())
  const world = createWorld()
  onTestFinished(world.clock.flow(20))
  const notifying = await startNotifying(world, smtpMailer(transport.current, 'Flotilla <orders@flotilla.test>'))
  return { ...notifying, mailbox }
}

const sent = 'notification.sent.v1'
const failed = 'notification.failed.v1'
const messageId = `<${order}.order-confirmed@flotilla.test>`

describe('P4: over SMTP, a mail', () => {
  it('arrives once, with its Message-ID and its order', async () => {
    const { broker, mailbox } = await start()
    await broker.deliver(confirmed())
    await broker.whenSaid(sent)
    expect(mailbox.count({ messageId })).toBe(1)
    expect(mailbox.count({ orderId: order })).toBe(1)
  })

  it('to an address that is refused is told as failed, with nothing but the code', async () => {
    const { broker, mailbox, lines } = await start()
    await broker.deliver(confirmed(order, 'refuse-ada@example.com'))
    await broker.whenSaid(failed)
    expect(broker.said(failed)[0]?.data.reason).toBe('the mail server refused with 550')
    expect(mailbox.count({ orderId: order })).toBe(0)
    expect(lines.join()).not.toContain('refuse-ada')
  })

  it('to an address that is busy is sent again until it is taken', async () => {
    const { broker, mailbox, lines } = await start()
    await broker.deliver(confirmed(order, 'busy-ada@example.com'))
    await broker.whenSaid(sent)
    expect(mailbox.count({ messageId })).toBe(1)
    expect(lines.join()).not.toContain('busy-ada')
  })

  it('is sent when the mail server is back', async () => {
    const { broker, mailbox } = await start()
    mailbox.setFault({ mode: 'down', count: 2 })
    await broker.deliver(confirmed())
    await broker.whenSaid(sent)
    expect(mailbox.count({ messageId })).toBe(1)
  })

  it('whose answer is lost goes out again under the same Message-ID', async () => {
    const { broker, mailbox } = await start()
    mailbox.setFault({ mode: 'break-after', count: 1 })
    await broker.deliver(confirmed())
    await broker.whenSaid(sent)
    expect(mailbox.count({ messageId })).toBe(2)
    expect(mailbox.count({ orderId: order })).toBe(2)
  })
})
