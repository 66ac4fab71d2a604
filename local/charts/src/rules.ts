import { z } from 'zod'
import type { Environment } from './charts.ts'
import type { Manifest } from './helm.ts'

/** What every pod of the fleet is held to, whatever the chart. The restricted Pod Security Standard is checked by itself, as admission does. */

const Named = z.object({ name: z.string() })
const Container = z.object({
  name: z.string(),
  image: z.string(),
  env: z.array(Named.extend({ valueFrom: z.object({ secretKeyRef: z.object({}).optional() }).optional() })).default([]),
  envFrom: z.array(z.object({})).default([]),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
  ports: z.array(Named).default([]),
  readinessProbe: z.object({}).optional(),
  livenessProbe: z.object({}).optional(),
  resources: z
    .object({
      requests: z.record(z.string(), z.unknown()).default({}),
      limits: z.record(z.string(), z.unknown()).default({}),
    })
    .default({ requests: {}, limits: {} }),
  securityContext: z
    .object({
      allowPrivilegeEscalation: z.boolean().optional(),
      readOnlyRootFilesystem: z.boolean().optional(),
      capabilities: z
        .object({ drop: z.array(z.string()).default([]), add: z.array(z.string()).default([]) })
        .optional(),
    })
    .default({}),
})
const Pod = z.object({
  automountServiceAccountToken: z.boolean().optional(),
  enableServiceLinks: z.boolean().optional(),
  hostNetwork: z.boolean().optional(),
  serviceAccountName: z.string().optional(),
  securityContext: z
    .object({
      runAsNonRoot: z.boolean().optional(),
      runAsUser: z.number().optional(),
      seccompProfile: z.object({ type: z.string() }).optional(),
    })
    .default({}),
  containers: z.array(Container).min(1),
  initContainers: z.array(Container).default([]),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
})
type Pod = z.output<typeof Pod>
type Container = z.output<typeof Container>

/** Volumes of the restricted standard. */
const volumeKinds = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/** What is wrong with an object, each in a line that names it. */
export function problemsOf(manifest: Manifest, environment: Environment): string[] {
  const name = `${manifest.kind} ${manifest.metadata.name}`
  const pod = podOf(manifest)
  if (pod === undefined) return []
  const isServing = manifest.kind === 'Deployment' || manifest.kind === 'StatefulSet'
  const containers = [...pod.initContainers, ...pod.containers]
  return [
    ...when('places an order in production', environment === 'production' && name.endsWith('-place-order')),
    ...podProblems(pod),
    ...containers.flatMap(({ image }) =>
      // On a machine without a registry there may be no digest.
      when(`${image} is not named by its digest`, environment !== 'local' && !/@sha256:[0-9a-f]{64}$/.test(image)),
    ),
    ...containers.flatMap((it) => containerProblems(it, isServing).map((what) => `${it.name}: ${what}`)),
  ].map((what) => `${name}: ${what}`)
}

function podOf({ kind, spec }: Manifest): Pod | undefined {
  if (kind === 'Pod') return Pod.parse(spec)
  const template = z.object({ template: z.object({ spec: Pod }) }).safeParse(spec)
  if (template.success) return template.data.template.spec
  if (['Deployment', 'StatefulSet', 'Job', 'DaemonSet', 'CronJob'].includes(kind)) throw template.error
  return undefined
}

const when = (problem: string, isThere: boolean): string[] => (isThere ? [problem] : [])

function podProblems(pod: Pod): string[] {
  const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext
  const kinds = pod.volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name'))
  return [
    ...when('runs as root, or may', runAsNonRoot !== true || runAsUser === undefined || runAsUser < 10_000),
    ...when('has no seccomp profile RuntimeDefault', seccompProfile?.type !== 'RuntimeDefault'),
    ...when('mounts a token of the API server', pod.automountServiceAccountToken !== false),
    ...when('gets variables of all services of its namespace', pod.enableServiceLinks !== false),
    ...when('is in the network of the node', pod.hostNetwork === true),
    ...when('has no service account of its own', (pod.serviceAccountName ?? 'default') === 'default'),
    ...kinds.filter((kind) => !volumeKinds.includes(kind)).map((kind) => `has a volume of kind ${kind}`),
    ...repeated(pod.volumes.map(({ name }) => name)).map((name) => `has the volume ${name} twice`),
  ]
}

function containerProblems(container: Container, isServing: boolean): string[] {
  const { securityContext, resources, env, ports, volumeMounts, image } = container
  const missing = ['cpu', 'memory', 'ephemeral-storage'].filter((it) => resources.requests[it] === undefined)
  const endless = ['memory', 'ephemeral-storage'].filter((it) => resources.limits[it] === undefined)
  const { drop = [], add = [] } = securityContext.capabilities ?? {}
  return [
    ...when('may gain privileges', securityContext.allowPrivilegeEscalation !== false),
    ...when('writes to its root file system, or may', securityContext.readOnlyRootFilesystem !== true),
    ...when('keeps capabilities', !drop.includes('ALL') || add.length > 0),
    ...when(`has an image of no fixed version, ${image}`, !/:[^/]+$/.test(image) || /:latest(@|$)/.test(image)),
    ...when('has no readiness and liveness probe', isServing && !(container.readinessProbe && container.livenessProbe)),
    ...missing.map((it) => `requests no ${it}`),
    ...endless.map((it) => `has no limit of ${it}`),
    ...env.filter(({ valueFrom }) => valueFrom?.secretKeyRef).map(({ name }) => `has a secret in the variable ${name}`),
    ...when('takes variables from elsewhere, unseen', container.envFrom.length > 0),
    // Server-side apply refuses a list with the same key twice.
    ...repeated(env.map(({ name }) => name)).map((name) => `has the variable ${name} twice`),
    ...repeated(ports.map(({ name }) => name)).map((name) => `has the port ${name} twice`),
    ...repeated(volumeMounts.map(({ mountPath }) => mountPath)).map((path) => `mounts ${path} twice`),
  ]
}

const repeated = (names: readonly string[]): string[] => names.filter((name, index) => names.indexOf(name) !== index)
