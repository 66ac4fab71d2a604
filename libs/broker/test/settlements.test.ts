import { expect, it } from 'vitest'
import { DeadLetter } from '../src/broker.ts'
import { createDeadLetters } from '../src/dead-letters.ts'
import { brokerAt, Inbox, localBroker, paymentDue } from './local-broker.ts'

it('P5: a message that is put aside in the same turn as its neighbours are done is not lost, and keeps its own reason', async () => {
  const local = await localBroker()
  const { broker } = await brokerAt(local.connectionString)
  const inbox = new Inbox()
  const all = Array.from({ length: 60 }, (_, index) => paymentDue(`order-${index}.2.0`))
  const isBad = (id: string) => Number(id.slice('order-'.length, -'.2.0'.length)) % 3 === 1
  await broker.publish('orders', all)
  // One commit decides on all that came in one turn, so that their settlements meet.
  let together = Promise.resolve()
  await broker.subscribe({ topic: 'orders', service: 'payment' }, async (delivery) => {
    together = together.then(() => undefined)
    await inbox.listener(delivery)
    await together
    if (isBad(delivery.messageId)) throw new DeadLetter('Refused', `because of ${delivery.messageId}`)
  })
  await inbox.until(() => new Set(inbox.ids()).size === all.length)
  await broker.close()
  const aside = await createDeadLetters({ connectionString: local.connectionString }, 'payment').list()
  const told = aside.map(({ messageId, description }) => `${messageId} ${description}`).sort()
  const bad = all.map(({ id }) => id).filter(isBad)
  expect(told).toEqual(bad.map((id) => `${id} because of ${id}`).sort())
})
