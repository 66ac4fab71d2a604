import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, onEachDatabase, order, post, settled, type TestFleet, testFleet } from './support.ts'

/**
 * P1 to P6 when a process is killed: 200 orders of every kind are in flight (half of them answered already, half being
 * posted) while one process dies and is started again.
 * What a dead process had in hand comes back when its leases (30 s) and locks (1 minute) have run out, so the processes
 * are killed one after the other, and all is checked in the end.
 */

const victims = ['order', 'inventory', 'payment', 'notification', 'service-bus', 'cosmos'] as const
const ordersEach = 200
const atOnce = 200
const afterLocks = 120_000

/** Most are plain; some are declined, ask for more than there is, or have a trying card. */
const kinds = [
  order(),
  order([{ sku: 'TEA-EARL-GREY', quantity: 2 }]),
  order([{ sku: 'TEA-SENCHA', quantity: 1 }], 'pm_card_visa_chargeDeclined'),
  order([{ sku: 'POT-CAST-IRON', quantity: 40 }]),
  order([{ sku: 'CUP-STONEWARE', quantity: 1 }], 'pm_card_500_after'),
] as const

/** Places orders until there are enough; whatever is not answered with 202 is sent again under the same key. */
async function placeAll(fleet: TestFleet, token: string, accepted: string[], onHalf: () => void) {
  let next = 0
  let answered = 0
  const client = async () => {
    for (let index = next++; index < ordersEach; index = next++) {
      const key = crypto.randomUUID()
      const body = kinds[index % kinds.length]
      for (;;) {
        try {
          const answer = await post(fleet, token, body, [202, 502, 503, 504], key)
          if (answer.status !== 202) continue
          accepted.push(answer.body.id)
          break
        } catch (error) {
          // The connection broke with the process behind it: the same key makes it the same order.
          if (error instanceof TypeError) continue
          throw error
        }
      }
      answered += 1
      if (answered === ordersEach / 2) onHalf()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, client))
}

onEachDatabase((elsewhere) => {
  let fleet: TestFleet
  beforeAll(async () => {
    fleet = await testFleet({}, elsewhere)
  }, 60_000)
  afterAll(() => fleet?.end(), 60_000)

  describe('kill -9 of any one process', () => {
    const accepted: string[] = []

    it.each(victims)(
      '%s: every order is accepted once it is back',
      async (victim) => {
        const token = await fleet.token(`customer-of-${victim}`)
        const before = fleet.supervisor.pid(victim)
        await placeAll(fleet, token, accepted, () => fleet.supervisor.kill(victim, 'SIGKILL'))
        await eventually(async () => ![0, before].includes(fleet.supervisor.pid(victim)) || undefined)
        await fleet.supervisor.ready(victim)
        expect(fleet.said.filter((line) => line.startsWith(`${victim} died (killed by SIGKILL)`))).toHaveLength(1)
      },
      60_000,
    )

    it(
      'loses no order, no stock, no money and no mail',
      async () => {
        const { findings, records } = await settled(fleet, { accepted }, afterLocks)
        expect(findings).toEqual([])
        expect(new Set(accepted).size).toBe(victims.length * ordersEach)
        expect(records.orders).toHaveLength(victims.length * ordersEach)
        const ends = new Set(records.orders.map(({ status }) => status))
        expect(ends).toEqual(new Set(['confirmed', 'cancelled']))
      },
      afterLocks + 30_000,
    )
  })
})
