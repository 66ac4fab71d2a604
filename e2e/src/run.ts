import { report } from '@flotilla/verify/report'
import { isFailed, sparse } from './attempts.ts'
import { workers } from './disruptions.ts'
import { Ear } from './ear.ts'
import { judgeEnds } from './ends.ts'
import type { Settings } from './flags.ts'
import { Flux } from './flux.ts'
import { branch, install } from './install.ts'
import { Kubectl } from './kubectl.ts'
import { programOf } from './load.ts'
import { home, programPod, restricted } from './pods.ts'
import { preflight } from './preflight.ts'
import { verifyCluster } from './promises.ts'
import { remove } from './removal.ts'
import { isGood, type Outcome } from './report.ts'
import { Repository } from './repository.ts'
import { disrupt, inspect, startLoads } from './scenario.ts'
import type { Cluster, Session } from './session.ts'

const settledWithin = 180

/** The whole run. What was found until a fault is in `session` when it throws. */
export async function run(settings: Settings, session: Session): Promise<Outcome> {
  const kubectl = new Kubectl(settings.kubeconfig)
  await preflight(kubectl, settings.repository)
  const { source, repository: bare } = settings
  const repository = await Repository.from({ source, bare, branch })
  const alerts: string[] = []
  const cluster: Cluster = { kubectl, flux: new Flux(kubectl, branch), repository, session, alerts }
  const [node] = await workers(kubectl)
  const pod = { namespace: home, image: `flotilla/stand-ins:${settings.tag}`, node }
  try {
    await kubectl.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: home, labels: restricted } }])
    await kubectl.apply(programPod({ ...pod, name: 'stranger', program: await programOf('stranger') }))
    const ear = await Ear.open(kubectl, pod, (alert) => alerts.push(alert))
    await install(cluster, settings)
    await inspect(cluster)
    session.loads = await startLoads(cluster, settings, node)
    await disrupt(cluster, settings)
    for (const load of session.loads) await load.stop()
    await ear.close()
    const outcome = await judged(cluster, settings)
    if (isGood(outcome) && !settings.keep) await remove(cluster)
    else session.say('everything is left in the cluster')
    return outcome
  } finally {
    await repository.close()
  }
}

/** The promises, when everything that was accepted has had time to end. */
async function judged({ kubectl, session }: Cluster, { rate }: Settings): Promise<Outcome> {
  const { loads, phases, attempts } = session
  session.holds(
    'of every order that was placed it is known what was answered',
    loads.flatMap((load) => load.unknown()),
  )
  const through = { doors: loads.map(({ door }) => door), perSecond: rate / loads.length }
  session.holds('orders were placed all the time, through every door', sparse(phases, attempts, through))
  const accepted = attempts.filter((attempt) => !isFailed(attempt)).map(({ said }) => said)
  session.say(`${accepted.length} orders accepted; waiting for their ends`)
  const { records, findings } = await verifyCluster(kubectl, accepted, settledWithin)
  session.say(report(records, findings))
  const judged = judgeEnds(attempts, records.orders)
  return session.outcome({ findings: [...findings, ...judged.findings], ends: judged.ends })
}
