import { settings, subscriptions, topics } from './topology.ts'

/**
 * The topology in the configuration format of Microsoft's Service Bus emulator, which the local broker reads too.
 * @param timeToLive ISO 8601; Microsoft's emulator takes at most PT1H.
 */
export function emulatorConfig({ timeToLive = settings.timeToLive }: { timeToLive?: string } = {}) {
  return {
    UserConfig: {
      Namespaces: [
        {
          Name: 'flotilla',
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
