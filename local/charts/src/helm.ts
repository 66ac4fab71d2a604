import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { kubernetesVersion } from './api-schemas.ts'
import type { Chart } from './charts.ts'
import { type CommandOptions, type Ended, outputOf, run } from './command.ts'

/** An object of Kubernetes as a chart renders it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** Helm, with nothing of the machine's own configuration. */
export class Helm {
  readonly #program: string
  readonly #options: CommandOptions

  constructor(program: string, cache: string, environment: CommandOptions['environment']) {
    const home = (name: string) => join(cache, 'helm', name)
    const homes = { HELM_CACHE_HOME: home('cache'), HELM_CONFIG_HOME: home('config'), HELM_DATA_HOME: home('data') }
    this.#program = program
    this.#options = { environment: { ...environment, ...homes, KUBECONFIG: home('no-kubeconfig') } }
  }

  get environment(): CommandOptions['environment'] {
    return this.#options.environment
  }

  /** Puts the library into the chart, in the version that `Chart.lock` has. */
  async build({ folder }: Chart): Promise<void> {
    await outputOf(this.#program, ['dependency', 'build', folder], this.#options)
  }

  lint({ folder }: Chart, args: readonly string[]): Promise<Ended> {
    return run(this.#program, ['lint', '--strict', '--kube-version', kubernetesVersion, ...args, folder], this.#options)
  }

  /** A release is called as its service, in the namespace of that name. */
  template({ name, folder }: Chart, args: readonly string[]): Promise<Ended> {
    const release = ['template', name, folder, '--namespace', name, '--kube-version', kubernetesVersion]
    return run(this.#program, [...release, ...args], this.#options)
  }
}

/** The objects of a rendering. */
export function manifestsOf(rendered: string): Manifest[] {
  return parseAllDocuments(rendered).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return (document.toJS() as Manifest | null) ?? []
  })
}
