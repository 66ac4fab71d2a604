import { describe, expect, it } from 'vitest'
import type { Manifest } from '../src/helm.ts'
import { problemsOf } from '../src/rules.ts'

const image = `registry.example/order:1.0.0@sha256:${'0'.repeat(64)}`
const container = {
  name: 'order',
  image,
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  resources: {
    requests: { cpu: '1', memory: '1Mi', 'ephemeral-storage': '1Mi' },
    limits: { memory: '1Mi', 'ephemeral-storage': '1Mi' },
  },
  readinessProbe: {},
  livenessProbe: {},
}
const pod = {
  serviceAccountName: 'order',
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container],
}
const deployment = (spec: object): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'order' },
  spec: { template: { spec } },
})
const withContainer = (changes: object) => deployment({ ...pod, containers: [{ ...container, ...changes }] })

describe('every pod of the fleet', () => {
  it('is as it should be', () => {
    expect(problemsOf(deployment(pod), 'production')).toEqual([])
  })

  it.each([
    ['runs as root, or may', { securityContext: { ...pod.securityContext, runAsNonRoot: false } }],
    [
      'has no seccomp profile RuntimeDefault',
      { securityContext: { ...pod.securityContext, seccompProfile: undefined } },
    ],
    ['mounts a token of the API server', { automountServiceAccountToken: undefined }],
    ['gets variables of all services of its namespace', { enableServiceLinks: undefined }],
    ['is in the network of the node', { hostNetwork: true }],
    ['has no service account of its own', { serviceAccountName: undefined }],
    ['has a volume of kind hostPath', { volumes: [{ name: 'node', hostPath: { path: '/' } }] }],
    [
      'has the volume tmp twice',
      {
        volumes: [
          { name: 'tmp', emptyDir: {} },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    ],
  ])('is refused when it %s', (problem, changes) => {
    expect(problemsOf(deployment({ ...pod, ...changes }), 'production')).toEqual([`Deployment order: ${problem}`])
  })

  it.each([
    ['may gain privileges', { securityContext: { ...container.securityContext, allowPrivilegeEscalation: undefined } }],
    [
      'writes to its root file system, or may',
      { securityContext: { ...container.securityContext, readOnlyRootFilesystem: false } },
    ],
    [
      'keeps capabilities',
      { securityContext: { ...container.securityContext, capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } } },
    ],
    ['has no readiness and liveness probe', { livenessProbe: undefined }],
    [
      'requests no cpu',
      { resources: { ...container.resources, requests: { memory: '1Mi', 'ephemeral-storage': '1Mi' } } },
    ],
    ['has no limit of memory', { resources: { ...container.resources, limits: { 'ephemeral-storage': '1Mi' } } }],
    ['has the variable PORT twice', { env: [{ name: 'PORT' }, { name: 'PORT' }] }],
    [
      'has a secret in the variable KEY',
      { env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
    ],
    ['takes variables from elsewhere, unseen', { envFrom: [{ secretRef: { name: 's' } }] }],
    ['has the port http twice', { ports: [{ name: 'http' }, { name: 'http' }] }],
    [
      'mounts /tmp twice',
      {
        volumeMounts: [
          { name: 'a', mountPath: '/tmp' },
          { name: 'b', mountPath: '/tmp' },
        ],
      },
    ],
  ])('is refused when its container %s', (problem, changes) => {
    expect(problemsOf(withContainer(changes), 'production')).toEqual([`Deployment order: order: ${problem}`])
  })
})

it('an image is named by its digest, where there is a registry', () => {
  const tagged = withContainer({ image: 'flotilla/order:1.0.0' })
  expect(problemsOf(tagged, 'local')).toEqual([])
  expect(problemsOf(tagged, 'staging')).toEqual(['Deployment order: flotilla/order:1.0.0 is not named by its digest'])
})

it('an image has a fixed version everywhere', () => {
  for (const image of ['flotilla/order', 'flotilla/order:latest', 'localhost:5000/order'])
    expect(problemsOf(withContainer({ image }), 'local')).toEqual([
      `Deployment order: order: has an image of no fixed version, ${image}`,
    ])
})

it('no test places an order in production', () => {
  const test: Manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'order-test-place-order' }, spec: pod }
  expect(problemsOf(test, 'staging')).toEqual([])
  expect(problemsOf(test, 'production')).toEqual(['Pod order-test-place-order: places an order in production'])
})

it('a pod that cannot be understood is no pod that passes', () => {
  expect(() => problemsOf(deployment({ containers: [] }), 'local')).toThrow()
})
