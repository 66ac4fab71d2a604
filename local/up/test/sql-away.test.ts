import { connect, createServer, type Server, type Socket } from 'node:net'
import { readConnectionString, withDatabase } from '@flotilla/store-azure-sql/connection-string'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { urlOf } from '../src/members.ts'
import { eventually, order, post, settled, type TestFleet, testFleet } from './support.ts'

/** An outage of the SQL Server of order, inventory and payment. They reach it through a port that can be shut. */

const sqlServer = process.env.FLOTILLA_SQLSERVER || undefined
const away = 15_000

class Port {
  readonly #to: { readonly server: string; readonly port: number }
  readonly #open = new Set<Socket>()
  #listener: Server | undefined
  #number = 0

  constructor(server: string) {
    this.#to = readConnectionString(withDatabase(server, 'master'))
  }

  get number(): number {
    return this.#number
  }

  async open() {
    const listener = createServer((client) => {
      const server = connect(this.#to.port, this.#to.server)
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#open.add(socket)
        socket.once('close', () => {
          this.#open.delete(socket)
          other.destroy()
        })
        // What it says is in the close that follows.
        socket.on('error', () => {})
      }
      client.pipe(server).pipe(client)
    })
    await new Promise<void>((resolve) => listener.listen(this.#number, '127.0.0.1', resolve))
    this.#listener = listener
    this.#number = (listener.address() as { port: number }).port
  }

  async shut() {
    const closed = new Promise((resolve) => this.#listener?.close(resolve))
    for (const socket of this.#open) socket.destroy()
    await closed
  }
}

describe.skipIf(sqlServer === undefined)('the SQL Server is away (FLOTILLA_SQLSERVER)', () => {
  const accepted: string[] = []
  const key = 'while-it-is-away'
  let port: Port
  let fleet: TestFleet
  let token: string
  beforeAll(async () => {
    port = new Port(sqlServer ?? '')
    await port.open()
    const throughPort = (sqlServer ?? '').replace(
      /(^|;)\s*(server|data source|address|addr|network address)\s*=[^;]*/i,
      `$1Server=127.0.0.1,${port.number}`,
    )
    fleet = await testFleet({}, { sqlServer: throughPort })
    token = await fleet.token('grace')
    for (let placed = 0; placed < 10; placed += 1) accepted.push((await post(fleet, token, order())).body.id)
    await port.shut()
  }, 90_000)
  afterAll(async () => {
    await fleet?.end()
    await port.shut()
  }, 60_000)

  const depsOf = async (service: 'order' | 'inventory' | 'payment') => {
    const { dependencies } = (await (await fetch(`${urlOf(fleet.ports, service)}/health/deps`)).json()) as {
      dependencies: { name: string; state: string }[]
    }
    return dependencies.find(({ name }) => name === 'azure-sql')?.state
  }

  it('P6: what cannot be stored is refused with 503, and when to come again', async () => {
    const shutAt = Date.now()
    while (Date.now() < shutAt + away) {
      const answer = await fetch(`${urlOf(fleet.ports, 'order')}/api/v1/orders`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        body: JSON.stringify(order()),
      })
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('2')
      expect(await answer.json()).toMatchObject({ type: 'urn:flotilla:problem:unavailable' })
    }
  }, 60_000)

  it('is seen by people, and takes no process out', async () => {
    for (const service of ['order', 'inventory', 'payment'] as const) {
      await eventually(async () => ((await depsOf(service)) === 'up' ? undefined : true))
      expect((await fetch(`${urlOf(fleet.ports, service)}/health/ready`)).status).toBe(200)
    }
    expect(fleet.said.filter((line) => line.includes('died'))).toEqual([])
  })

  it('P1 to P6: everything flows when it is back, and nothing is dead-lettered', async () => {
    await port.open()
    const again = () => post(fleet, token, order(), [202, 503], key)
    const { id } = await eventually(async () => {
      const { status, body } = await again()
      return status === 202 ? body : undefined
    })
    accepted.push(id)
    const { findings, records } = await settled(fleet, { accepted }, 120_000)
    expect(findings).toEqual([])
    expect(records.queues?.reduce((sum, { deadLetter }) => sum + deadLetter, 0)).toBe(0)
    expect(records.orders.filter(({ status }) => status === 'confirmed')).toHaveLength(accepted.length)
  }, 180_000)
})
