import { currentTraceparent } from '@flotilla/telemetry/spans'
import { collectSpans } from '@flotilla/telemetry/testing'
import { expect, it, onTestFinished } from 'vitest'
import { DeadLetter } from '../src/broker.ts'
import { brokerAt, Inbox, localBroker, paymentDue } from './local-broker.ts'

it('one order, one trace: its cause, the publication and the handling on the other side of the broker', async () => {
  const collected = collectSpans()
  onTestFinished(() => collected.shutdown())
  const local = await localBroker()
  const { broker } = await brokerAt(local.connectionString)
  const inbox = new Inbox()
  const active: (string | undefined)[] = []
  await broker.subscribe({ topic: 'orders', service: 'payment' }, async (delivery) => {
    active.push(currentTraceparent())
    await inbox.listener(delivery)
    if (delivery.messageId === 'bad') throw new DeadLetter('Refused', 'no')
  })
  await broker.publish('orders', [paymentDue('good'), paymentDue('bad')])
  await inbox.until(() => inbox.deliveries.length === 2)
  await broker.close()
  const named = (name: string, id: string) => {
    const found = collected.spans().find((span) => span.name === name && span.attributes['messaging.message.id'] === id)
    if (!found) throw new Error(`no span ${name} of ${id}`)
    return found
  }
  for (const id of ['good', 'bad']) {
    const published = named('publish orders', id)
    const processed = named('process orders/payment', id)
    expect(published.parentSpanContext?.spanId).toBe('b7ad6b7169203331')
    expect(processed.parentSpanContext?.spanId).toBe(published.spanContext().spanId)
    expect(processed.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c')
    expect(active).toContain(`00-${processed.spanContext().traceId}-${processed.spanContext().spanId}-01`)
    expect(processed.attributes['error.type']).toBe(id === 'bad' ? 'DeadLetter' : undefined)
  }
})
