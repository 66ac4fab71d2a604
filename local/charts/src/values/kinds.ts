import { z } from 'zod'

/** Kinds of values that charts take. Every one has a default, because Helm checks the values with the chart's own beneath. */

/** What may be left out, as the empty string. */
const orNothing = (pattern: string) => z.string().regex(new RegExp(`^(|${pattern})$`))

const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'
const host = `${label}(\\.${label})*`

export const name = z
  .string()
  .regex(new RegExp(`^${label}$`))
  .meta({ examples: ['example'] })
export const optionalName = orNothing(label).meta({ examples: ['example'] })
export const hostName = z
  .string()
  .regex(new RegExp(`^(\\*\\.)?${host}$`))
  .meta({ examples: ['example.org'] })
export const optionalHost = orNothing(host).meta({ examples: ['host.example.org'] })
export const uuid = orNothing('[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}').meta({
  examples: ['00000000-0000-4000-8000-000000000000'],
})
export const optionalUrl = orNothing('https?:\\/\\/\\S+').meta({ examples: ['http://example.org:8080'] })
export const httpUrl = z
  .string()
  .regex(/^https?:\/\/\S+$/)
  .meta({ examples: ['http://example.org'] })
export const optionalDigest = orNothing('sha256:[0-9a-f]{64}').meta({
  examples: ['sha256:0000000000000000000000000000000000000000000000000000000000000000'],
})
/** A tag of an image that can be the value of a label, too. */
export const optionalTag = orNothing('[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?').meta({ examples: ['0.0.1'] })
export const repository = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._:/-]*$/)
  .meta({ examples: ['example.org/image'] })
export const text = z
  .string()
  .min(1)
  .meta({ examples: ['another'] })
/** What tokens are meant for: one of a list that commas part, and a challenge quotes. */
export const audience = z
  .string()
  .regex(/^[!#-+\--[\]-~]+$/)
  .meta({ examples: ['api://another'] })
export const optionalText = z.string().meta({ examples: ['another'] })
export const size = z
  .string()
  .regex(/^[1-9][0-9]*(Ki|Mi|Gi|Ti)$/)
  .meta({ examples: ['96Mi', '3Gi'] })
export const cpu = z
  .string()
  .regex(/^([1-9][0-9]*m|[1-9][0-9]*)$/)
  .meta({ examples: ['75m'] })
export const cidr = z
  .string()
  .regex(/^([0-9]{1,3}(\.[0-9]{1,3}){3}\/[0-9]{1,2}|[0-9a-fA-F:]+\/[0-9]{1,3})$/)
  .meta({ examples: ['192.0.2.0/24'] })
export const port = z.int().min(1).max(65_535)
export const labels = z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9./_-]*$/), z.string().max(63))

export interface Resources {
  readonly cpu: string
  readonly memory: string
  readonly memoryLimit: string
}

/** Requests, and limits of what cannot be shared. A limit on CPU would slow a pod down beside idle cores, so there is none. */
export const resources = (of: Resources) =>
  z.strictObject({
    requests: z.strictObject({
      cpu: cpu.default(of.cpu).meta({ description: 'CPU that is always there; there is no limit' }),
      memory: size.default(of.memory).meta({ description: 'memory that is always there' }),
      'ephemeral-storage': size.default('32Mi').meta({ description: 'disk for logs and temporary files' }),
    }),
    limits: z.strictObject({
      memory: size.default(of.memoryLimit).meta({ description: 'memory above which the container is killed' }),
      'ephemeral-storage': size.default('256Mi').meta({ description: 'disk above which the pod is evicted' }),
    }),
  })

/** The image of a chart. */
export const image = (name: string) =>
  z.strictObject({
    repository: repository.default(`flotilla/${name}`).meta({ description: 'the image, with its registry' }),
    tag: optionalTag.default('').meta({ description: "its tag; empty: the chart's `appVersion`" }),
    digest: optionalDigest.default('').meta({ description: 'its digest, such as `sha256:…`, which then counts' }),
    pullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).default('IfNotPresent').meta({
      description: 'when the node asks the registry; a digest never changes its meaning',
    }),
  })
