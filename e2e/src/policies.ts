import { alertsPort } from './fleet.ts'
import type { Kubectl } from './kubectl.ts'
import { home } from './pods.ts'
import type { Assertion } from './report.ts'

/** Who may open a connection to whom, as `namespace/workload` and `host:port`. */
export interface Reach {
  readonly from: string
  readonly may: readonly string[]
  readonly mayNot: readonly string[]
}

const within = 3_000

const at = (name: string, namespace: string, port: number) => `${name}.${namespace}.svc.cluster.local:${port}`

/**
 * What is closed to one is asked by another to whom it is open: a port that nobody can reach would show nothing about policies.
 * The stranger is a pod in a namespace that no policy knows.
 */
export const reaches = (services: readonly string[], ports: Readonly<Record<string, number>>): Reach[] => {
  const door = (service: string) => at(service, service, 80)
  const doors = services.map(door)
  const standIn = (name: string) => at(name, 'stand-ins', ports[name] ?? 80)
  const [gateway, broker, cosmos] = [standIn('gateway'), standIn('service-bus'), standIn('cosmos')]
  const [cards, mailbox] = [standIn('card-processor'), standIn('mailbox')]
  // Whoever comes may come in here, so only what goes out is in question.
  const outside = [at('alerts', home, alertsPort), at('kubernetes', 'default', 443)]
  const service = (name: string, may: readonly string[], mayNot: readonly string[]) => {
    return { from: `${name}/deployment/${name}`, may, mayNot: [...mayNot, ...outside] }
  }
  return [
    { from: `${home}/pod/stranger`, may: [gateway, ...outside], mayNot: [...doors, broker, cosmos, cards, mailbox] },
    { from: 'stand-ins/deployment/gateway', may: doors, mayNot: [broker, cosmos, cards, mailbox, ...outside] },
    service('order', [broker], [cosmos, cards, mailbox, door('payment')]),
    service('inventory', [broker], [cosmos, cards, mailbox, door('order')]),
    service('payment', [broker, cards], [cosmos, mailbox, door('order')]),
    service('notification', [broker, cosmos, mailbox], [cards, door('inventory')]),
  ]
}

/** Opens each connection at once, and says of each whether it was opened, as JSON. */
const script = (targets: readonly string[]) => `
  import { connect } from 'node:net'
  const open = (target) => new Promise((resolve) => {
    const [host, port] = target.split(':')
    const socket = connect({ host, port: Number(port) })
    const end = (is) => { socket.destroy(); resolve([target, is]) }
    socket.once('connect', () => end(true)).once('error', () => end(false)).setTimeout(${within}, () => end(false))
  })
  console.log(JSON.stringify(Object.fromEntries(await Promise.all(${JSON.stringify(targets)}.map(open)))))`

/** Tries every connection from the pods themselves. */
export async function checkPolicies(kubectl: Kubectl, of: readonly Reach[]): Promise<Assertion[]> {
  const assertions: Assertion[] = []
  for (const { from, may, mayNot } of of) {
    const [namespace = '', ...workload] = from.split('/')
    const said = await kubectl.evaluate(namespace, workload.join('/'), script([...may, ...mayNot]))
    assertions.push(...judge({ from, may, mayNot }, JSON.parse(said.toString()) as Record<string, boolean>))
  }
  return assertions
}

/** @param open by `host:port`. */
export function judge({ from, may, mayNot }: Reach, open: Readonly<Record<string, boolean>>): Assertion[] {
  const one = (what: string, targets: readonly string[], isWrong: (target: string) => boolean): Assertion[] => {
    const wrong = targets.filter(isWrong)
    return targets.length === 0 ? [] : [{ what, broken: wrong.length === 0 ? undefined : wrong.join(', ') }]
  }
  return [
    ...one(`${from} reaches the ${may.length} it must`, may, (target) => open[target] !== true),
    ...one(`${from} is kept from the ${mayNot.length} it must not reach`, mayNot, (target) => open[target] !== false),
  ]
}
