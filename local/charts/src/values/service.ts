import { z } from 'zod'
import {
  audience,
  hostName,
  httpUrl,
  image,
  name,
  optionalHost,
  optionalName,
  optionalText,
  optionalUrl,
  resources,
  text,
  uuid,
} from './kinds.ts'
import { dns, egressTo, egressToBlocks, egressToPods, ingress, internet, privateEndpoint } from './network.ts'
import { longest, replicas } from './replicas.ts'

/** An identity of Entra that pods have by their service account. */
const workloadIdentity = (who: string) =>
  z.strictObject({ clientId: uuid.default('').meta({ description: `client id of ${who}; empty: there is none` }) })

const migration = z.strictObject({
  enabled: z.boolean().default(true).meta({ description: 'migrate before replicas of a release start' }),
  afterRollback: z.boolean().default(false).meta({
    description:
      'the database may have migrations of a later release, which was rolled back: set it in the commit that goes back',
  }),
  retries: z.int().min(0).max(20).default(3).meta({ description: 'how often a migration that failed is tried again' }),
  deadlineSeconds: z
    .int()
    .min(30)
    .max(longest)
    .default(480)
    .meta({ description: 'when the job is given up, however often it was tried' }),
  workloadIdentity: workloadIdentity('who may change tables, which the service may not'),
  resources: resources({ cpu: '50m', memory: '96Mi', memoryLimit: '256Mi' }),
})

const database = (service: string) =>
  z.strictObject({
    server: optionalHost
      .default('')
      .meta({ description: 'the Azure SQL server, such as `flotilla.database.windows.net`' }),
    name: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_-]{0,127}$/)
      .meta({ examples: ['another'] })
      .default(service)
      .meta({ description: 'the database on it' }),
    poolSize: z.int().min(1).max(100).default(8).meta({ description: 'connections of one replica at most' }),
    maxConnections: z.int().min(1).max(30_000).default(200).meta({
      description:
        'connections that the database bears: the pools of twice the replicas (in a rollout) and of a migration must fit',
    }),
    claim: optionalName.default('').meta({
      description:
        'instead of a server: an existing PersistentVolumeClaim for a SQLite file; for clusters without Azure',
    }),
  })

const noOrder = {}
const orderTest = {
  placeOrder: z.strictObject({
    enabled: z.boolean().default(false).meta({ description: 'place an order in `helm test`; never in production' }),
    sku: text.default('TEA-SENCHA').meta({ description: 'what is ordered; the catalogue must have it' }),
    paymentMethod: text.default('pm_card_visa').meta({ description: 'how it is paid' }),
    email: text.default('helm-test@flotilla.example').meta({ description: 'who is told' }),
  }),
}

const tests = (more: typeof orderTest | typeof noOrder) =>
  z.strictObject({
    enabled: z.boolean().default(true).meta({ description: 'make the pods of `helm test`' }),
    workloadIdentity: workloadIdentity('the tests, which gets a token from Entra'),
    token: z.strictObject({
      url: optionalUrl.default('').meta({ description: "instead of Entra: a stand-in's token endpoint" }),
      clientId: optionalText.default('').meta({ description: 'its client' }),
      clientSecret: optionalText
        .default('')
        .meta({ description: "its client's secret: known to everyone, since it is a stand-in's" }),
      scope: optionalText
        .default('')
        .meta({ description: 'what is asked for, such as `api://flotilla/.default` of Entra' }),
    }),
    ...more,
  })

const shared = (service: string) => ({
  image: image(service),
  ...replicas,
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .meta({ description: 'what is logged' }),
  telemetry: z.strictObject({
    endpoint: optionalUrl
      .default('')
      .meta({ description: 'the OpenTelemetry collector in the cluster, by OTLP over HTTP; empty: no telemetry' }),
    sampleRatio: z.number().min(0).max(1).default(1).meta({ description: 'the share of traces kept' }),
  }),
  oidc: z.strictObject({
    issuers: z.array(httpUrl).default([]).meta({ description: 'the issuers whose tokens are trusted; needed' }),
    audiences: z.array(audience).min(1).default(['api://flotilla']).meta({
      description: 'a token must be meant for one of them; of Entra (v2.0): the client id of the API, never its URI',
    }),
  }),
  broker: z.strictObject({
    namespace: optionalHost
      .default('')
      .meta({ description: 'the Service Bus namespace, such as `flotilla.servicebus.windows.net`' }),
    connectionString: optionalText
      .default('')
      .meta({ description: "instead: a stand-in's connection string, whose key everyone knows" }),
  }),
  workloadIdentity: workloadIdentity('the service'),
  secrets: z.strictObject({
    keyVault: z.strictObject({
      name: optionalName
        .default('')
        .meta({ description: 'the vault that secrets are mounted from, by the Secrets Store CSI driver' }),
      tenantId: uuid.default('').meta({ description: 'its tenant' }),
    }),
    secretName: optionalName
      .default('')
      .meta({ description: 'instead: an existing Secret with the same names, for clusters without Azure' }),
  }),
  httpRoute: z.strictObject({
    gateway: z.strictObject({
      name: optionalName
        .default('')
        .meta({ description: 'the Gateway that routes requests here; empty: no HTTPRoute' }),
      namespace: name.default('gateway').meta({ description: 'its namespace' }),
      listener: optionalName.default('').meta({ description: 'one of its listeners; empty: all' }),
    }),
    hostnames: z
      .array(hostName)
      .default([])
      .meta({ description: 'the host names that are routed; none: all of the listener' }),
  }),
})

/** Who may be called. What is named here and not needed (no collector, no Azure SQL) is not opened. */
const network = (own: Readonly<Record<string, z.ZodType>>) =>
  z.strictObject({
    dns,
    ingress,
    egress: z.strictObject({
      broker: egressTo('Service Bus', [5671, 5672, 443], privateEndpoint),
      identity: egressTo('issuers of tokens, and Entra', [443], internet),
      telemetry: egressToPods('the collector', [4318], { namespace: 'observability' }),
      ...own,
    }),
  })

const sqlNetwork = (own: Readonly<Record<string, z.ZodType>> = {}) =>
  network({ database: egressToBlocks('Azure SQL', [1433], privateEndpoint), ...own })

const sql = (service: string) => ({ ...shared(service), database: database(service), migration })

/** The values of each service's chart. */
export const serviceValues = {
  order: z.strictObject({
    ...sql('order'),
    deadlineSeconds: z.int().min(1).max(86_400).default(600).meta({ description: 'from placement to deadline' }),
    network: sqlNetwork(),
    tests: tests(orderTest),
  }),
  inventory: z.strictObject({ ...sql('inventory'), network: sqlNetwork(), tests: tests(noOrder) }),
  payment: z.strictObject({
    ...sql('payment'),
    cardProcessor: z.strictObject({
      url: httpUrl.default('https://api.stripe.com').meta({ description: 'the card processor' }),
    }),
    network: sqlNetwork({ cardProcessor: egressTo('the card processor', [443], internet) }),
    tests: tests(noOrder),
  }),
  notification: z.strictObject({
    ...shared('notification'),
    cosmos: z.strictObject({
      endpoint: optionalUrl
        .default('')
        .meta({ description: 'the Cosmos DB account, such as `https://flotilla.documents.azure.com`; needed' }),
      database: text.default('notification').meta({ description: 'the database in it' }),
      container: text.default('notifications').meta({ description: 'the container in that' }),
      standInKey: optionalText
        .default('')
        .meta({ description: "a stand-in's key, which everyone knows; in Azure workload identity it is" }),
    }),
    mail: z.strictObject({
      url: z
        .string()
        .regex(/^(|smtps?:\/\/\S+)$/)
        .meta({ examples: ['smtp://mail.example.org:587'] })
        .default('')
        .meta({ description: 'the mail server, such as `smtps://mail.example.com:465`; needed' }),
      credentials: z.boolean().default(true).meta({ description: 'log in to it with the secret `smtp-credentials`' }),
      from: optionalText
        .default('')
        .meta({ description: 'the From header, such as `Flotilla <orders@example.com>`; needed' }),
      domain: optionalHost.default('').meta({ description: 'the right-hand side of Message-IDs; needed' }),
    }),
    network: network({
      cosmos: egressTo('Cosmos DB', [443], privateEndpoint),
      mail: egressTo('the mail server', [465, 587], internet),
    }),
    tests: tests(noOrder),
  }),
} as const

export type ServiceName = keyof typeof serviceValues
