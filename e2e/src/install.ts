import { randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ask, customerToken, operatorToken } from '@flotilla/up/client'
import { catalogue, list } from '@flotilla/up/seed'
import { parseAllDocuments } from 'yaml'
import { countOf } from './books.ts'
import type { Settings } from './flags.ts'
import { alertsPort, orders, services, standIns } from './fleet.ts'
import { unready, untilNone } from './flux.ts'
import type { Forward, Kubectl, Manifest } from './kubectl.ts'
import { bootstrapFile, change, filledIn, imageTag, releases, secretsOf, versionOf } from './layout.ts'
import { home } from './pods.ts'
import { asCommitted } from './releases.ts'
import type { Cluster } from './session.ts'

export const branch = 'main'
const alertAddress = `http://alerts.${home}.svc.cluster.local:${alertsPort}/`
const sourceWithin = 120
const tenantsWithin = 180
const availableWithin = 600
const pricedWithin = 60

/** From a cluster that has Flux and nothing else to a fleet that takes orders. */
export async function install(cluster: Cluster, settings: Settings): Promise<void> {
  const { kubectl, flux, repository, session } = cluster
  const began = Date.now()
  for (const release of releases) {
    await change(repository, release, { version: await versionOf(repository, release), values: imageTag(settings.tag) })
  }
  const commit = await repository.push('feat: the first release')
  await session.rollout('from the first commit to a fleet that is ready', async () => {
    await bootstrap(kubectl, repository.folder, settings)
    await untilNone(`${settings.gitUrl} read by Flux`, sourceWithin, async () =>
      unready((await flux.list('gitrepositories')).filter(({ metadata }) => metadata.namespace === 'flux-system')),
    )
    await kubectl.appears(['--namespace', 'flux-system', 'kustomization/tenants'], 'condition=Ready', tenantsWithin)
    await kubectl.apply(secrets())
    await Promise.all([asCommitted(cluster, commit), fillShelves(cluster)])
  })
  await refuseOldBooks(kubectl, began)
}

/** Databases of an earlier run have its orders, and none of its pots left. */
async function refuseOldBooks(kubectl: Kubectl, began: number): Promise<void> {
  const many = await countOf(kubectl, 'order', `SELECT COUNT(*) AS many FROM orders WHERE created_at < ${began}`)
  if (many === 0) return
  throw new Error(
    `the database of order has ${many} orders of an earlier run: empty the folders of --volumes, and begin again`,
  )
}

async function bootstrap(kubectl: Kubectl, folder: string, { gitUrl, volumes }: Settings): Promise<void> {
  const facts = { git_url: gitUrl, git_branch: branch, alert_address: alertAddress, volumes }
  const text = filledIn(await readFile(join(folder, bootstrapFile), 'utf8'), facts)
  await kubectl.apply([...parseAllDocuments(text)].map((document) => document.toJS() as Manifest))
}

function secrets(): Manifest[] {
  const enduserKey = randomBytes(32).toString('hex')
  return services.map((service) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${service}-secrets`, namespace: service },
    stringData: secretsOf(service, enduserKey),
  }))
}

/** Lists the catalogue and receives its stock as soon as somebody takes it, and waits until orders are priced by it. */
async function fillShelves({ kubectl, session }: Cluster): Promise<void> {
  for (const [namespace, deployment] of [
    [standIns, 'gateway'],
    ['inventory', 'inventory'],
    ['order', 'order'],
  ] as const) {
    await kubectl.appears(
      ['--namespace', namespace, `deployment/${deployment}`],
      'condition=Available',
      availableWithin,
    )
  }
  const forwards: Forward[] = []
  const open = async (service: string) => {
    const forward = await kubectl.forward(standIns, `service/${service}`, 'http')
    forwards.push(forward)
    return forward.url
  }
  try {
    const [gateway, identity] = [await open('gateway'), await open('identity')]
    const operator = await operatorToken(identity)
    await Promise.all(catalogue.map((item) => list(gateway, operator, item)))
    session.say('the catalogue is listed, and its stock received')
    await priced(gateway, await customerToken(identity, 'first'))
  } finally {
    await Promise.all(forwards.map((forward) => forward.close()))
  }
}

/** Asks for each order at a total that nobody expects: where it is priced, it is refused for that. */
async function priced(gateway: string, token: string): Promise<void> {
  await untilNone('the price list', pricedWithin, async () => {
    const answers = await Promise.all(
      orders.map((order) =>
        ask<{ type: string }>(`${gateway}/api/v1/orders`, token, {
          method: 'POST',
          headers: { 'idempotency-key': randomUUID() },
          body: { ...order, expectedTotal: 1 },
          expect: [409, 422],
        }),
      ),
    )
    return answers.filter(({ status }) => status !== 409).map(({ body }) => body.type)
  })
}
