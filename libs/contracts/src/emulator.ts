import { settings, subscriptions, topics } from './topology.ts'

export interface EmulatorOptions {
  readonly namespace?: string
  /** ISO 8601. */
  readonly timeToLive?: string
}

/** Microsoft's emulator has one namespace of a fixed name, and keeps a message for an hour at most. */
export const microsoftEmulator = { namespace: 'sbemulatorns', timeToLive: 'PT1H' } as const satisfies EmulatorOptions

/** The topology in the configuration format of Microsoft's Service Bus emulator, which the local broker reads too. */
export function emulatorConfig({ namespace = 'flotilla', timeToLive = settings.timeToLive }: EmulatorOptions = {}) {
  return {
    UserConfig: {
      Namespaces: [
        {
          Name: namespace,
          Queues: [],
          Topics: topics.map((topic) => ({
            Name: topic,
            Properties: {
              DefaultMessageTimeToLive: timeToLive,
              DuplicateDetectionHistoryTimeWindow: settings.duplicateDetectionWindow,
              RequiresDuplicateDetection: true,
            },
            Subscriptions: subscriptions
              .filter((subscription) => subscription.topic === topic)
              .map(({ service, rules }) => ({
                Name: service,
                Properties: {
                  DeadLetteringOnMessageExpiration: true,
                  DefaultMessageTimeToLive: timeToLive,
                  LockDuration: settings.lockDuration,
                  MaxDeliveryCount: settings.maxDeliveryCount,
                  ForwardDeadLetteredMessagesTo: '',
                  ForwardTo: '',
                  RequiresSession: false,
                },
                Rules: rules.map(({ name, subject, properties }) => ({
                  Name: name,
                  Properties: {
                    FilterType: 'Correlation',
                    CorrelationFilter: { Label: subject, ...(properties && { Properties: properties }) },
                  },
                })),
              })),
          })),
        },
      ],
      Logging: { Type: 'Console' },
    },
  }
}
