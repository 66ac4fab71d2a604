import { Unavailable } from '@flotilla/decider/store'
import { NotTaken } from '@flotilla/notification/outbound/mail'
import { describe, expect, it } from 'vitest'
import { createMailServer } from '../src/mail-server.ts'
import { createWorld, outcome, start } from './worlds.ts'

const letter = { messageId: '1.order-confirmed@flotilla.test', subject: 'Your order', text: 'Thank you' }

async function send(options: Parameters<typeof createWorld>[0] = {}, to = 'ada@example.com') {
  const { world, time, life, away } = createWorld(options)
  const server = createMailServer(world)
  const mailer = server.connect(life)
  return { server, away, time, life, ...(await outcome(time, mailer(letter, to, '1'))) }
}

describe('the simulated mail server', () => {
  it('takes a mail, and keeps whose it is', async () => {
    const { value, server } = await send()
    expect(value).toEqual({ sent: true })
    expect(server.mails()).toEqual([{ orderId: '1', messageId: `<${letter.messageId}>` }])
    expect(server.wire[0]).toMatchObject({ to: 'ada@example.com' })
    expect(server.wire[0]?.at).toBeGreaterThan(start)
  })

  it('refuses some addresses for good', async () => {
    const { value, server } = await send({}, 'refused.ada@example.com')
    expect(value).toEqual({ refused: 'the mail server refused with 550' })
    expect(server.wire).toEqual([])
  })

  it.each([
    ['at its recipient', 0],
    ['after its content', 0.9],
  ])('puts a mail off %s, and has surely not taken it', async (_where, draw) => {
    const { error, server } = await send({ strikes: ['refused mail-server greylist'], draws: [draw] })
    expect(error).toBeInstanceOf(NotTaken)
    expect(error?.message).toContain('451')
    expect(server.wire).toEqual([])
  })

  it('is not reached: nothing was sent, and the mailer knows', async () => {
    const { error, server } = await send({ strikes: ['refused mail-server send'] })
    expect(error).toBeInstanceOf(NotTaken)
    expect(error?.cause).toBeInstanceOf(Unavailable)
    expect(server.wire).toEqual([])
  })

  it.each([
    ['closed', 0],
    ['reset', 0.9],
  ])(
    'takes a mail whose answer is lost with a connection that is %s, and the mailer cannot tell',
    async (_how, draw) => {
      const { error, server } = await send({ strikes: ['lost mail-server send'], draws: [draw] })
      expect(error).toBeInstanceOf(Unavailable)
      expect(error).not.toBeInstanceOf(NotTaken)
      expect(server.wire).toHaveLength(1)
    },
  )

  it('sends nothing more once the mailer has given up', async () => {
    const { world, time, life } = createWorld({ strikes: ['slow mail-server send'] })
    world.latency.skewed = (low) => (low >= 500 ? 45_000 : low)
    const server = createMailServer(world)
    const { error, took } = await outcome(time, server.connect(life)(letter, 'ada@example.com', '1'))
    expect(error).toBeInstanceOf(Unavailable)
    expect(took).toBe(8_000)
    await time.step()
    expect(time.now - start).toBe(45_000)
    expect(server.wire).toEqual([])
  })

  it('forgets all of it for the next run', async () => {
    const { server } = await send()
    server.reset()
    expect(server.mails()).toEqual([])
  })
})
