import { createHttp as inventoryHttp } from '@flotilla/inventory/app'
import { createHttp as orderHttp } from '@flotilla/order/app'
import type { FastifyInstance } from 'fastify'
import { createDoorway } from './doorway.ts'

const make = {
  order: () => createDoorway(orderHttp),
  inventory: () => createDoorway(inventoryHttp),
}

/** The HTTP sides of the places where processes run. Making one takes milliseconds, so they are kept from run to run. */
export class Doorways {
  readonly #made = new Map<string, ReturnType<(typeof make)[keyof typeof make]>>()

  of<Service extends keyof typeof make>(service: Service, place: string): ReturnType<(typeof make)[Service]> {
    const made = this.#made.get(place) ?? make[service]()
    this.#made.set(place, made)
    return made as ReturnType<(typeof make)[Service]>
  }

  async ready(places: Iterable<readonly [keyof typeof make, string]>): Promise<void> {
    for (const [service, place] of places) await this.of(service, place).ready()
  }

  /** Of services that nobody asks anything here. */
  readonly http = (): FastifyInstance => ({}) as FastifyInstance
}
