import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { serviceValues } from './values/service.ts'
import { standInsValues } from './values/stand-ins.ts'

export const chartsFolder = fileURLToPath(new URL('../../../deploy/helm', import.meta.url))

export const environments = ['local', 'staging', 'production'] as const
export type Environment = (typeof environments)[number]

/** A chart that is installed, and where it runs. */
export interface Chart {
  readonly name: string
  readonly folder: string
  readonly values: z.ZodObject
  readonly environments: readonly Environment[]
}

const chart = (name: string, values: z.ZodObject, where: readonly Environment[]): Chart => ({
  name,
  folder: join(chartsFolder, name),
  values,
  environments: where,
})

export const charts: readonly Chart[] = [
  ...Object.entries(serviceValues).map(([name, values]) => chart(name, values, environments)),
  chart('stand-ins', standInsValues, ['local']),
]

/** The values that a chart is rendered with for an environment; those of Flux are more, and never less. */
export const valuesFile = ({ folder }: Chart, environment: Environment): string =>
  join(folder, 'ci', `${environment}-values.yaml`)
