import { parseAllDocuments } from 'yaml'
import { z } from 'zod'

const Named = z.looseObject({ name: z.string(), namespace: z.string().optional() })
export type Named = z.output<typeof Named>

const Reference = z.looseObject({ kind: z.string().optional(), name: z.string(), namespace: z.string().optional() })
export type Reference = z.output<typeof Reference>

/** The fields of a spec that rules ask for; of any kind, so all are optional. */
const Spec = z.looseObject({
  path: z.string().optional(),
  serviceAccountName: z.string().optional(),
  timeout: z.string().optional(),
  url: z.string().optional(),
  targetNamespace: z.string().optional(),
  dependsOn: z.array(Reference).optional(),
  sourceRef: Reference.optional(),
  chartRef: Reference.optional(),
  providerRef: Reference.optional(),
  secretRef: Reference.optional(),
  eventSources: z.array(Reference).optional(),
  chart: z
    .looseObject({
      spec: z.looseObject({
        chart: z.string(),
        version: z.string().optional(),
        reconcileStrategy: z.string().optional(),
        valuesFiles: z.array(z.string()).optional(),
        sourceRef: Reference,
      }),
    })
    .optional(),
  ref: z.looseObject({ tag: z.string().optional(), digest: z.string().optional() }).optional(),
  verify: z.unknown().optional(),
  distribution: z.looseObject({ version: z.string() }).optional(),
  values: z.record(z.string(), z.unknown()).optional(),
  valuesFrom: z.array(Reference).optional(),
  postBuild: z
    .looseObject({
      substitute: z.record(z.string(), z.string()).optional(),
      substituteFrom: z.array(Reference).optional(),
    })
    .optional(),
  install: z
    .looseObject({
      strategy: z.looseObject({ name: z.string() }).optional(),
      remediation: z.looseObject({ retries: z.number().optional() }).optional(),
    })
    .optional(),
  upgrade: z
    .looseObject({
      strategy: z.looseObject({ name: z.string() }).optional(),
      remediation: z
        .looseObject({ remediateLastFailure: z.boolean().optional(), strategy: z.string().optional() })
        .optional(),
    })
    .optional(),
  driftDetection: z.looseObject({ mode: z.string() }).optional(),
  podSelector: z.looseObject({}).optional(),
  policyTypes: z.array(z.string()).optional(),
})

const Texts = z.record(z.string(), z.string()).optional()
const Resource = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: Named.extend({ labels: Texts, annotations: Texts }),
  spec: Spec.optional(),
})
export type Resource = z.output<typeof Resource>

export const idOf = ({ kind, metadata }: Resource): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`

/** Throws with the first error of syntax, or with what an object lacks. */
export function resourcesIn(text: string): Resource[] {
  return parseAllDocuments(text)
    .filter(({ contents }) => contents !== null)
    .map((document) => {
      const [error] = document.errors
      if (error) throw error
      return Resource.parse(document.toJS())
    })
}

/** A group without its version, such as `helm.toolkit.fluxcd.io`; of the core group the empty string. */
export const groupOf = ({ apiVersion }: Pick<Resource, 'apiVersion'>): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''

/** An object of Flux's own kinds. */
export const isFlux = (resource: Resource, kind: string): boolean =>
  resource.kind === kind && groupOf(resource).endsWith('.toolkit.fluxcd.io')
