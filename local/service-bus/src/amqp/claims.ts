import type { Clock } from '../clock.ts'
import type { Namespace } from '../namespace.ts'
import { percentDecoded } from '../percent.ts'
import { notFound, notImplemented, Refusal } from '../refusal.ts'
import { checkSasToken } from '../sas.ts'
import { type Reply, type Respond, refused } from './requests.ts'
import type { DecodedMessage } from './rhea.ts'

const management = '/$management'

/** `sb://host:port/orders/` names the entity `orders`. */
function entityIn(audience: string): string {
  const path = /^[a-z]+:\/\/[^/]*(\/.*)?$/i.exec(audience)?.[1] ?? audience
  return (percentDecoded(path) ?? path).replace(/^\/+|\/+$/g, '').toLowerCase()
}

const covers = (granted: string, wanted: string): boolean =>
  granted === '' || granted === wanted || wanted.startsWith(`${granted}/`)

/** What one connection may open: claims put through `$cbs`, each until its token expires. */
export class Claims {
  readonly #clock: Clock
  readonly #namespace: Namespace
  readonly #granted = new Map<string, number>()

  constructor(clock: Clock, namespace: Namespace) {
    this.#clock = clock
    this.#namespace = namespace
  }

  /** @throws Refusal unless a claim covers the address */
  check(address: string): void {
    const wanted = address.toLowerCase()
    const now = this.#clock.now()
    for (const [granted, until] of this.#granted) if (until > now && covers(granted, wanted)) return
    const description = `Unauthorized access to '${address}': 'Send' or 'Listen' claims are required; put a token to $cbs first.`
    throw new Refusal('amqp:unauthorized-access', 401, description)
  }

  handle(request: DecodedMessage, respond: Respond): void {
    respond(this.#put(request))
  }

  #put({ application_properties, body }: DecodedMessage): Reply {
    const { name, operation, type } = application_properties ?? {}
    if (operation !== 'put-token') return refused(notImplemented(`the $cbs operation ${String(operation)} is`))
    if (type !== 'servicebus.windows.net:sastoken') return refused(notImplemented(`the token type ${String(type)} is`))
    if (typeof name !== 'string' || typeof body !== 'string') {
      return refused(new Refusal('amqp:not-allowed', 400, 'put-token needs a name and a token'))
    }
    const token = checkSasToken(body, this.#clock.now())
    if (typeof token === 'string')
      return refused(new Refusal('amqp:unauthorized-access', 401, `InvalidSignature: ${token}`))
    const audience = entityIn(name)
    if (!covers(entityIn(token.resource), audience)) {
      return refused(
        new Refusal('amqp:unauthorized-access', 401, `the token is for ${token.resource}, not for ${name}`),
      )
    }
    const entity = audience.endsWith(management) ? audience.slice(0, -management.length) : audience
    const existing = entity.replace(/\/\$transfer(\/.*)?$/, '')
    if (existing !== '' && !this.#namespace.has(existing)) return refused(notFound(name))
    this.#granted.set(entity, token.expiresAt)
    return { status: 202, description: 'Accepted' }
  }
}
