import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually, order, post, readOrder, settled, type TestFleet, testFleet } from './support.ts'

/** Outages of a minute, overlapping: the database of notification first, then the broker. */

const minute = 60_000
let fleet: TestFleet
beforeAll(async () => {
  fleet = await testFleet()
}, 60_000)
afterAll(() => fleet?.end(), 60_000)

const wait = (until: number) => eventually(async () => (Date.now() >= until ? true : undefined), { within: 2 * minute })

it(
  'P1, P6: orders are taken through outages of a minute, everything flows afterwards, and nothing is dead-lettered',
  async () => {
    const token = await fleet.token('grace')
    const accepted: string[] = []
    const place = async () => accepted.push((await post(fleet, token, order())).body.id)

    const cosmosAway = Date.now()
    await fleet.supervisor.away('cosmos')
    for (let placed = 0; placed < 20; placed += 1) await place()
    // Notification's database is away; the order is confirmed all the same.
    await eventually(async () =>
      (await readOrder(fleet, token, accepted[0] ?? '')).status === 'confirmed' ? true : undefined,
    )

    await wait(cosmosAway + minute / 2)
    const brokerAway = Date.now()
    await fleet.supervisor.away('service-bus')
    while (Date.now() < brokerAway + minute) {
      const begun = Date.now()
      await place()
      // P6: it is answered because it is durable, not because anybody heard of it.
      expect(Date.now() - begun).toBeLessThan(2_000)
      if (Date.now() >= cosmosAway + minute && fleet.supervisor.pid('cosmos') === 0)
        await fleet.supervisor.back('cosmos')
      await wait(begun + 250)
    }
    await fleet.supervisor.back('service-bus')

    const { findings, records } = await settled(fleet, { accepted }, 2 * minute)
    expect(findings).toEqual([])
    expect(records.queues?.reduce((sum, { deadLetter }) => sum + deadLetter, 0)).toBe(0)
    expect(records.orders.filter(({ status }) => status === 'confirmed')).toHaveLength(accepted.length)
  },
  5 * minute,
)
