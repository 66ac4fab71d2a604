import { afterEach, describe, expect, it } from 'vitest'
import { allAvailable } from '../src/disruptions.ts'
import { Flux, untilNone } from '../src/flux.ts'
import { Kubectl } from '../src/kubectl.ts'
import { fakeKubectl } from './fake-kubectl.ts'

let fake: ReturnType<typeof fakeKubectl>
afterEach(() => fake.close())
const kubectl = new Kubectl('/k')

describe('an API server that is away for a moment', () => {
  it('is asked again, with the same input', async () => {
    fake =
      fakeKubectl(`if (nth === 1) fail('The connection to the server 10.0.0.1:6443 was refused: connection refused')
      if (!input.includes('ConfigMap')) fail('nothing to apply')`)
    await kubectl.apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } }])
    expect(fake.calls()).toHaveLength(2)
  })

  it('is not asked again for what it refuses', async () => {
    fake = fakeKubectl("fail('pods is forbidden: violates PodSecurity')")
    await expect(kubectl.run(['get', 'pods'])).rejects.toThrow('violates PodSecurity')
    expect(fake.calls()).toHaveLength(1)
  })

  it('does not end what is waited for', async () => {
    fake = fakeKubectl("if (nth === 1) fail('the server has asked for a pause'); console.log('{}')")
    await untilNone('an answer', 10, async () => {
      await kubectl.json(['get', 'pods'])
      return []
    })
    expect(fake.calls()).toHaveLength(2)
  })

  it('is named when it stays away', async () => {
    fake = fakeKubectl("fail('no answer')")
    const ask = async () => kubectl.json<string[]>(['get', 'pods'])
    await expect(untilNone('an answer', 0, ask)).rejects.toThrow(/an answer is not so after 0 s:[\s\S]*no answer/)
  })
})

describe('a namespace', () => {
  it('is complete when its Deployments and its StatefulSets are', async () => {
    const workload = (kind: string, name: string) => ({
      kind,
      metadata: { name, namespace: 'stand-ins' },
      spec: { replicas: 1, selector: { matchLabels: { app: name } } },
    })
    const pod = (name: string) => ({
      metadata: { name, namespace: 'stand-ins', labels: { app: name } },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    })
    const workloads = JSON.stringify([workload('Deployment', 'gateway'), workload('StatefulSet', 'broker')])
    fake = fakeKubectl(`const both = ${JSON.stringify([pod('gateway'), pod('broker')])}
      const items = args[1] === 'pods' ? both.slice(0, nth > 2 ? 2 : 1) : ${workloads}
      console.log(JSON.stringify({ items }))`)
    await allAvailable(kubectl, 'stand-ins')
    expect(fake.calls().length).toBe(4)
    expect(fake.calls().some(([, kind]) => kind === 'deployments,statefulsets')).toBe(true)
  })
})

describe('a commit', () => {
  const source = (revision: string) => ({
    kind: 'GitRepository',
    metadata: { name: 'flotilla', namespace: 'order', generation: 1 },
    status: {
      artifact: { revision: `main@sha1:${revision}` },
      conditions: [{ type: 'Ready', status: 'False', reason: 'GitOperationFailed', message: 'no route to host' }],
    },
  })
  const cluster = (last: number) =>
    fakeKubectl(`const at = (revision) => console.log(JSON.stringify({ items: [revision] }))
      if (args[0] === 'get') at(nth < ${last} ? ${JSON.stringify(source('old'))} : ${JSON.stringify(source('new'))})`)

  it('is fetched when every source has it', async () => {
    fake = cluster(4)
    await new Flux(kubectl, 'main').fetch('new')
    expect(fake.calls().map(([verb]) => verb)).toEqual(['get', 'annotate', 'get', 'get'])
  })

  it('is not fetched by a source that cannot, which says why', async () => {
    fake = cluster(99)
    await expect(new Flux(kubectl, 'main').fetch('new', 0)).rejects.toThrow(
      'GitRepository order/flotilla: GitOperationFailed no route to host',
    )
  })
})
