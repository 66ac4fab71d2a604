import { alertsPort } from './fleet.ts'
import type { Kubectl } from './kubectl.ts'
import { programOf } from './load.ts'
import { PodLog } from './log.ts'
import { home, type ProgramPod, programPod } from './pods.ts'

const name = 'alerts'

/** Hears what Flux alerts. */
export class Ear {
  readonly #log: PodLog

  private constructor(log: PodLog) {
    this.#log = log
  }

  /** Starts listening at the address that Flux is told. */
  static async open(
    kubectl: Kubectl,
    { image, node }: Pick<ProgramPod, 'image' | 'node'>,
    hear: (alert: string) => void,
  ): Promise<Ear> {
    const pod = { name, namespace: home, image, node, program: await programOf('alerts'), args: [`${alertsPort}`] }
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: home },
      spec: { selector: { 'app.kubernetes.io/name': name }, ports: [{ port: alertsPort }] },
    }
    await kubectl.apply([...programPod(pod), service])
    await kubectl.wait(['--namespace', home, `pod/${name}`], 'condition=Ready', 60)
    return new Ear(new PodLog(kubectl, { namespace: home, name }, hear))
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}
