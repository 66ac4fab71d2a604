import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isStandIn, sqlServices } from './images.ts'

/** Where a trial is as if it were: on a laptop (SQLite, keys), or in Azure (Azure SQL, the workload's identity, a collector). */
export type Surroundings = 'laptop' | 'azure'

/** With what a program is started in a trial. */
export interface Setting {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** A port on which nothing listens: https://www.iana.org/assignments/service-names-port-numbers (discard). */
const nowhere = '127.0.0.1:9'

/** The settings of all programs, for a folder of their own; `collector` is the URL of what takes telemetry in Azure. */
export function settingOf(surroundings: Surroundings, folder: string, collector: string): (program: string) => Setting {
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const common = {
    HOST: '127.0.0.1',
    PORT: '0',
    OIDC_ISSUERS: `http://${nowhere}`,
    ENDUSER_KEY_FILE: file('enduser-key', 'trial'),
    CARD_PROCESSOR_URL: `http://${nowhere}`,
    CARD_PROCESSOR_KEY_FILE: file('card-processor-key', 'sk_test_trial'),
    COSMOS_ENDPOINT: `http://${nowhere}`,
    SMTP_URL: `smtp://${nowhere}`,
  }
  const laptop = {
    DATABASE_FILE: join(folder, 'trial.db'),
    SERVICEBUS_CONNECTION_STRING: `Endpoint=sb://${nowhere};SharedAccessKeyName=trial;SharedAccessKey=trial;UseDevelopmentEmulator=true;`,
    COSMOS_KEY: 'dHJpYWw=',
  }
  const azure = {
    // No server in Azure is named, for its name would be asked of a resolver.
    DATABASE_CONNECTION_STRING: `Server=${nowhere.replace(':', ',')};Database=trial;User Id=trial;Password=trial`,
    SERVICEBUS_NAMESPACE: 'localhost',
    AZURE_TENANT_ID: 'trial',
    AZURE_CLIENT_ID: 'trial',
    AZURE_FEDERATED_TOKEN_FILE: file('token', 'trial'),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  }
  const topology = file(
    'topology.json',
    JSON.stringify({ UserConfig: { Namespaces: [{ Name: 'trial', Topics: [] }] } }),
  )
  const upstreams = [...sqlServices, 'notification'].flatMap((it) => [`--${it}`, `http://${nowhere}`])
  const further: Readonly<Record<string, readonly string[]>> = {
    'service-bus': ['--config', topology, '--admin-port', '0'],
    gateway: upstreams,
  }
  const service = { args: [], env: { ...common, ...(surroundings === 'laptop' ? laptop : azure) } }
  const standIn = (name: string): Setting => ({
    args: ['--port', '0', '--data', join(folder, name), ...(further[name] ?? [])],
    env: {},
  })
  return (program) => (isStandIn(program) ? standIn(program) : service)
}
