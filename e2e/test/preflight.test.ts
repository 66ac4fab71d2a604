import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { Kubectl } from '../src/kubectl.ts'
import { preflight } from '../src/preflight.ts'
import { removal, remove } from '../src/removal.ts'
import { Session } from '../src/session.ts'
import { fakeKubectl } from './fake-kubectl.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-e2e-preflight-'))
const bare = join(folder, 'bare.git')
execFileSync('git', ['init', '--quiet', '--bare', bare])
afterAll(() => rmSync(folder, { recursive: true }))

let fake: ReturnType<typeof fakeKubectl> | undefined
afterEach(() => {
  fake?.close()
  fake = undefined
})
const kubectl = new Kubectl('/k')

/** A cluster with Flux and these objects, by what is listed. */
const cluster = (there: Readonly<Record<string, readonly string[]>> = {}, isFlux = true) => {
  fake = fakeKubectl(`const there = ${JSON.stringify(there)}
    if (args[1] !== 'crd') console.log((there[args[1].split(',')[0]] ?? []).join('\\n'))
    else if (${isFlux}) console.log(args.filter((it) => it.includes('.')).map((it) => 'customresourcedefinition.apiextensions.k8s.io/' + it).join('\\n'))`)
  return fake
}
const binding = 'clusterrolebinding.rbac.authorization.k8s.io'

describe('before anything is written', () => {
  it('a cluster with Flux and nothing else is taken', async () => {
    const { calls } = cluster({
      namespaces: ['namespace/default', 'namespace/flux-system'],
      clusterrolebindings: [`${binding}/cluster-admin`],
      configmaps: ['configmap/kube-root-ca.crt', 'alert.notification.toolkit.fluxcd.io/other'],
    })
    await preflight(kubectl, bare)
    expect(calls().every(([verb]) => verb === 'get')).toBe(true)
  })

  it.each([join(folder, 'nothing'), folder])('%s is refused as a repository', async (no) => {
    cluster()
    await expect(preflight(kubectl, no)).rejects.toThrow(`--repository: ${no} is no bare Git repository`)
  })

  it('a cluster without Flux is refused, and what is missing is named', async () => {
    cluster({}, false)
    await expect(preflight(kubectl, bare)).rejects.toThrow('does not know gitrepositories.source.toolkit.fluxcd.io')
  })

  it.each([
    ['namespaces', 'namespace/order'],
    ['namespaces', 'namespace/e2e'],
    ['configmaps', 'configmap/runtime-info'],
    ['configmaps', 'alert.notification.toolkit.fluxcd.io/not-applied'],
    ['gitrepositories.source.toolkit.fluxcd.io', 'kustomization.kustomize.toolkit.fluxcd.io/flux-system'],
    ['gitrepositories.source.toolkit.fluxcd.io', 'helmrelease.helm.toolkit.fluxcd.io/of-others'],
    ['clusterrolebindings', `${binding}/flotilla-platform`],
    ['persistentvolumes', 'persistentvolume/flotilla-order'],
  ])('a cluster is refused for its %s: %s, and the way to take it away is said', async (kind, name) => {
    cluster({ [kind]: [name] })
    await expect(preflight(kubectl, bare)).rejects.toThrow(name)
    await expect(preflight(kubectl, bare)).rejects.toThrow(/kubectl delete namespace order .*e2e/)
  })
})

describe('what was installed', () => {
  it('is taken away step by step, the right to do so after what needs it', async () => {
    fake = fakeKubectl('')
    await remove({ kubectl, session: new Session(() => {}, 0) })
    const calls = fake.calls().map((call) => call.join(' '))
    const at = (what: string) => calls.findIndex((call) => call.startsWith('delete') && call.includes(what))
    expect(calls).toHaveLength(removal.length)
    expect(at('kustomize.toolkit.fluxcd.io/order')).toBeLessThan(at('kustomize.toolkit.fluxcd.io/tenants'))
    expect(at('kustomize.toolkit.fluxcd.io/flux-system')).toBeLessThan(at('flotilla-platform'))
    expect(at('e2e')).toBeGreaterThan(0)
  })

  it('is taken away as far as possible when a step fails, which is said', async () => {
    const said: string[] = []
    fake = fakeKubectl("if (args[0] === 'patch' || args.includes('configmap/runtime-info')) fail('no such thing')")
    await remove({ kubectl, session: new Session((line) => said.push(line), 0) })
    expect(fake.calls()).toHaveLength(removal.length)
    expect(said.filter((line) => line.startsWith('not removed: '))).toHaveLength(2)
  })
})
