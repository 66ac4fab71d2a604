import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Envelope, open } from '@flotilla/contracts/envelope'
import { events } from '@flotilla/contracts/events'
import { type ServiceName, subscriptions } from '@flotilla/contracts/topology'
import { hear as inventory } from '@flotilla/inventory/inbound/subscriptions'
import { hear as notification } from '@flotilla/notification/inbound/subscriptions'
import { hear as order } from '@flotilla/order/inbound/subscriptions'
import { hear as payment } from '@flotilla/payment/inbound/subscriptions'
import { describe, expect, it } from 'vitest'
import { root } from '../src/members.ts'

const folder = join(root, 'libs', 'contracts', 'fixtures')
const releases = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
const hear: Record<ServiceName, (event: Envelope, at: number) => unknown> = { order, inventory, payment, notification }

describe.each(releases.map(({ name }) => name))('the events of release %s', (release) => {
  const files = readdirSync(join(folder, release))

  it.each(files)('%s is heard by whom it concerns today', (file) => {
    const event = open(readFileSync(join(folder, release, file), 'utf8'))
    expect(`${event.type}.json`).toBe(file)
    const hearers = subscriptions.filter(({ rules }) => rules.some(({ subject }) => subject === event.type))
    expect(hearers.length).toBeGreaterThan(0)
    for (const { service } of hearers) expect(hear[service](event, 0), service).toBeDefined()
  })
})

it('every event type has a fixture', () => {
  const known = new Set(releases.flatMap(({ name }) => readdirSync(join(folder, name))))
  expect(Object.keys(events).filter((type) => !known.has(`${type}.json`))).toEqual([])
})
