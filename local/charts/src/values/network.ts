import { z } from 'zod'
import { cidr, labels, optionalName, port } from './kinds.ts'

interface Peer {
  readonly cidrs?: readonly string[]
  readonly namespace?: string
  readonly podLabels?: Readonly<Record<string, string>>
}

const pods = (who: string, { namespace = '', podLabels = {} }: Peer) => ({
  namespace: optionalName.default(namespace).meta({ description: `${who}: the namespace of its pods` }),
  podLabels: labels
    .default(podLabels)
    .meta({ description: `${who}: the labels of its pods; none: all of the namespace` }),
})

const blocks = (who: string, { cidrs = [] }: Peer) => ({
  cidrs: z
    .array(cidr)
    .default([...cidrs])
    .meta({ description: `${who}: its address blocks; \`0.0.0.0/0\` is the internet without the private ranges` }),
})

const range = z
  .string()
  .regex(/^[1-9][0-9]{0,4}-[1-9][0-9]{0,4}$/)
  .meta({ examples: ['11000-11999'] })
const ports = z.array(z.union([port, range])).min(1)

type Ports = readonly (number | string)[]

const portsOf = (who: string, open: Ports) => ({
  ports: ports.default([...open]).meta({ description: `${who}: its ports; a range is \`11000-11999\`` }),
})

/** Somebody who is called outside the cluster. */
export const egressToBlocks = (who: string, open: Ports, peer: Peer) =>
  z.strictObject({ ...blocks(who, peer), ...portsOf(who, open) })

/** Somebody who is called within the cluster. */
export const egressToPods = (who: string, open: Ports, peer: Peer) =>
  z.strictObject({ ...pods(who, peer), ...portsOf(who, open) })

/** Somebody who is called outside the cluster, or a stand-in for it within. */
export const egressTo = (who: string, open: Ports, peer: Peer) =>
  z.strictObject({ ...blocks(who, peer), ...pods(who, peer), ...portsOf(who, open) })

/** The resolvers of the cluster: CoreDNS in `kube-system`, and blocks where a cache on the node answers. */
export const dns = z.strictObject({
  cidrs: z.array(cidr).default([]).meta({ description: 'name servers: address blocks, for a cache on the node' }),
  ...pods('name servers', { namespace: 'kube-system', podLabels: { 'k8s-app': 'kube-dns' } }),
})

/** Who may call. */
export const ingress = z.strictObject({
  ...pods('the gateway', {}),
  namespace: optionalName
    .default('')
    .meta({ description: 'the gateway: the namespace of its pods; empty: `httpRoute.gateway.namespace`' }),
})

/** What is reached by a private endpoint within the virtual network. */
export const privateEndpoint: Peer = { cidrs: ['10.0.0.0/8'] }

/** The internet: never the virtual network, nor the metadata service of the node, which the library excepts. */
export const internet: Peer = { cidrs: ['0.0.0.0/0'] }
