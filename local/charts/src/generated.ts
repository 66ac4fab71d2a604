import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { emulatorConfig } from '@flotilla/contracts/emulator'
import { services, subscriptionsOf } from '@flotilla/contracts/topology'
import { containerDefinition } from '@flotilla/store-cosmos/client'
import { stringify } from 'yaml'
import { type Chart, charts, chartsFolder } from './charts.ts'
import { valuesTable, valuesYaml, withTable } from './documents.ts'
import { schemaOf } from './schema.ts'
import { serviceValues } from './values/service.ts'

/** A file that is made from another source, and is committed. */
export interface Generated {
  readonly file: string
  readonly content: string
}

/** Everything in `deploy/helm` that has its source elsewhere. */
export function generated(): Generated[] {
  return [...charts.flatMap(ofChart), topologyTemplate(), ...ofStandIns()]
}

/** What is there and is not what its source says. */
export const stale = (): Generated[] =>
  generated().filter(({ file, content }) => !existsSync(file) || readFileSync(file, 'utf8') !== content)

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

function ofChart({ folder, values }: Chart): Generated[] {
  const schema = schemaOf(values)
  const readme = join(folder, 'README.md')
  return [
    { file: join(folder, 'values.schema.json'), content: json(schema) },
    { file: join(folder, 'values.yaml'), content: valuesYaml(schema) },
    { file: readme, content: withTable(readFileSync(readme, 'utf8'), valuesTable(schema)) },
  ]
}

/** The subscriptions whose depth scales a service. */
function topologyTemplate(): Generated {
  const topicsHeard = Object.fromEntries(
    services.map((service) => [service, subscriptionsOf(service).map(({ topic }) => topic)]),
  )
  const content = [
    '{{/* The topics that each service hears. Made from libs/contracts; to change it: npm run charts -- --write */}}',
    '{{- define "flotilla.subscriptions" -}}',
    stringify(topicsHeard, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 })
      .replace(/^\{(.*)\}\n$/, '$1')
      .replaceAll('], ', ']\n'),
    '{{- end }}\n',
  ].join('\n')
  return { file: join(chartsFolder, 'flotilla-lib', 'templates', '_topology.tpl'), content }
}

/** What Azure Service Operator makes in Azure: topics with their subscriptions, and the Cosmos DB container. */
function ofStandIns(): Generated[] {
  const files = join(chartsFolder, 'stand-ins', 'files')
  const id = serviceValues.notification.shape.cosmos.shape.container.parse(undefined)
  return [
    { file: join(files, 'service-bus.json'), content: json(emulatorConfig()) },
    { file: join(files, 'container.json'), content: json({ id, ...containerDefinition() }) },
  ]
}
