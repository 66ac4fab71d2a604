import type { TokenCredential } from '@azure/identity'
import {
  parseServiceBusConnectionString,
  type RetryOptions,
  ServiceBusClient,
  type ServiceBusClientOptions,
} from '@azure/service-bus'
import { type Clock, systemClock } from '@flotilla/decider/clock'
import { type Logger, pino } from 'pino'
import type { Broker } from './broker.ts'
import type { ConsumerEvent, ConsumerLimits } from './limits.ts'
import { createMessaging } from './messaging.ts'
import { sendAtOnce } from './no-delay.ts'
import type { PublisherLimits } from './publisher.ts'
import { ServiceBusTransport } from './service-bus-transport.ts'

/** Where the broker is, and who asks. */
export type ServiceBusConnection =
  | { readonly connectionString: string }
  /** `<namespace>.servicebus.windows.net`; without a credential, that of the workload (`DefaultAzureCredential`). */
  | { readonly fullyQualifiedNamespace: string; readonly credential?: TokenCredential | undefined }

export type ServiceBusBrokerOptions = ServiceBusConnection & {
  readonly clock?: Clock | undefined
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'> | undefined
  /** A send that has not been answered after so many milliseconds has failed: 8,000. */
  readonly sendTimeout?: number | undefined
  readonly publishing?: Partial<PublisherLimits> | undefined
  readonly consuming?: Partial<ConsumerLimits> | undefined
  /** For metrics and tests. Must not throw. */
  readonly onEvent?: ((event: ConsumerEvent) => void) | undefined
}

/** The SDK's own default is to wait 30 s between any two tries. */
export const retryOptions: RetryOptions = { retryDelayInMs: 250, maxRetries: 2, timeoutInMs: 8_000 }

/**
 * The broker of a process: one connection, one sender per topic, one receiver per subscription. It does not wait for the
 * broker to be there. Throws an error that names the setting when the connection string is none.
 */
export async function createServiceBusBroker(options: ServiceBusBrokerOptions): Promise<Broker> {
  const { clock = systemClock, logger = pino({ enabled: false }), sendTimeout = 8_000, ...policy } = options
  const client = await connect(options)
  const transport = new ServiceBusTransport({ client, logger, sendTimeout, hangUp: sendAtOnce(portOf(options)) })
  const { publishing, consuming, onEvent } = policy
  return createMessaging({ transport, clock, logger, publishing, consuming, onEvent })
}

/** A client that is connected on first use. */
export async function connect(
  connection: ServiceBusConnection,
  options: ServiceBusClientOptions = {},
): Promise<ServiceBusClient> {
  const settings = { retryOptions, ...options }
  if ('connectionString' in connection) {
    readConnectionString(connection.connectionString)
    return new ServiceBusClient(connection.connectionString, settings)
  }
  const credential = connection.credential ?? (await workloadCredential())
  return new ServiceBusClient(connection.fullyQualifiedNamespace, credential, settings)
}

/** Imported only where it is used: it takes 125 ms. */
async function workloadCredential(): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity')
  return new DefaultAzureCredential()
}

function readConnectionString(connectionString: string): { endpoint: string; local: boolean } {
  try {
    const { endpoint } = parseServiceBusConnectionString(connectionString)
    return { endpoint, local: /UseDevelopmentEmulator\s*=\s*true/i.test(connectionString) }
  } catch (cause) {
    // The string itself is a secret.
    throw new Error(
      'the Service Bus connection string cannot be read; it looks like Endpoint=sb://<host>;SharedAccessKeyName=<name>;SharedAccessKey=<key>',
      { cause },
    )
  }
}

function portOf(connection: ServiceBusConnection): number {
  if (!('connectionString' in connection)) return 5671
  const { endpoint, local } = readConnectionString(connection.connectionString)
  return Number(new URL(endpoint.replace(/^sb:/, 'http:')).port) || (local ? 5672 : 5671)
}
