import type { Kubectl, Manifest } from './kubectl.ts'

/** Of a pod, what is asserted here. */
export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
  readonly spec: {
    readonly nodeName?: string
    readonly automountServiceAccountToken?: boolean
    readonly securityContext?: SecurityContext
    readonly containers: readonly Container[]
    readonly initContainers?: readonly Container[]
  }
  readonly status: {
    readonly phase: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly restartCount: number; readonly image: string }[]
  }
}

interface Container {
  readonly name: string
  readonly image: string
  readonly securityContext?: SecurityContext & {
    readonly readOnlyRootFilesystem?: boolean
    readonly allowPrivilegeEscalation?: boolean
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] }
  }
}

interface SecurityContext {
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly seccompProfile?: { readonly type: string }
}

/** What of a pod is less than restricted, or lets its root be written; nothing when it is as it must be. */
export function loosenessOf({ metadata, spec }: Pod): string[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  return containers.flatMap(({ name, securityContext: own = {} }) => {
    const inherited = { ...spec.securityContext, ...own }
    const rules: readonly (readonly [boolean, string])[] = [
      [inherited.runAsNonRoot === true, 'may run as root'],
      [inherited.runAsUser !== 0, 'runs as root'],
      [inherited.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp profile'],
      [own.readOnlyRootFilesystem === true, 'has a root that can be written'],
      [own.allowPrivilegeEscalation === false, 'may escalate privileges'],
      [own.capabilities?.drop?.includes('ALL') === true, 'keeps capabilities'],
      [(own.capabilities?.add ?? []).length === 0, 'adds capabilities'],
    ]
    return rules.filter(([holds]) => !holds).map(([, what]) => `${metadata.namespace}/${metadata.name} ${name} ${what}`)
  })
}

/** Where the pods of our own run. */
export const home = 'e2e'

export const restricted = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/audit': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
} as const

export interface ProgramPod {
  readonly name: string
  readonly namespace: string
  readonly image: string
  /** Its source, which imports nothing but Node. */
  readonly program: string
  readonly args?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly node?: string | undefined
}

/** A pod that runs one program with the Node of an image, under the restricted standard. */
export function programPod({ name, namespace, image, program, args = [], labels = {}, node }: ProgramPod): Manifest[] {
  const file = 'program.ts'
  const container = {
    name: 'program',
    image,
    command: ['/nodejs/bin/node', `/program/${file}`, ...args],
    imagePullPolicy: 'IfNotPresent',
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'program', mountPath: '/program', readOnly: true }],
  }
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { [file]: program } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { 'app.kubernetes.io/name': name, ...labels } },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 5,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        ...(node !== undefined && { nodeName: node }),
        containers: [container],
        volumes: [{ name: 'program', configMap: { name } }],
      },
    },
  ]
}

/** The replicas of a service, and not the pods of its migration and tests. */
export const selectorOf = (service: string): string =>
  `app.kubernetes.io/name=${service},app.kubernetes.io/component=service`

/** Those that run and are not about to end. */
export async function podsOf(kubectl: Kubectl, namespace: string, selector?: string): Promise<readonly Pod[]> {
  const args = ['--namespace', namespace, ...(selector === undefined ? [] : ['--selector', selector])]
  const pods = await kubectl.list<Pod>('pods', args)
  return pods.filter(({ metadata, status }) => !metadata.deletionTimestamp && status.phase === 'Running')
}
