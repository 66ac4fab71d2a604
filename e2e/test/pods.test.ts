import { describe, expect, it } from 'vitest'
import { loosenessOf, type Pod, programPod } from '../src/pods.ts'

const podOf = (change: object = {}, container: object = {}): Pod => {
  const [, pod] = programPod({ name: 'load', namespace: 'e2e', image: 'x', program: '' })
  const { spec, metadata } = pod as unknown as Pod
  const [first] = spec.containers
  return {
    metadata,
    spec: {
      ...spec,
      ...change,
      containers: [
        { ...first, securityContext: { ...first?.securityContext, ...container } } as Pod['spec']['containers'][0],
      ],
    },
    status: { phase: 'Running' },
  }
}

describe('the restricted standard, with a root that is only read', () => {
  it('is kept by our own pods', () => {
    expect(loosenessOf(podOf())).toEqual([])
  })

  it.each([
    [{ securityContext: {} }, {}, ['may run as root', 'has no seccomp profile']],
    [{}, { runAsUser: 0 }, ['runs as root']],
    [{}, { readOnlyRootFilesystem: false }, ['has a root that can be written']],
    [{}, { allowPrivilegeEscalation: true }, ['may escalate privileges']],
    [{}, { capabilities: {} }, ['keeps capabilities']],
    [{}, { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } }, ['adds capabilities']],
  ])('names what %j %j leaves open', (pod, container, what) => {
    expect(loosenessOf(podOf(pod, container))).toEqual(what.map((each) => `e2e/load program ${each}`))
  })

  it('is asked of init containers too', () => {
    expect(loosenessOf(podOf({ initContainers: [{ name: 'first', image: 'x' }] }))).toContain(
      'e2e/load first has a root that can be written',
    )
  })
})
