/** A configuration in the emulator's format, with defaults that keep tests short. */
interface Settings {
  readonly queues?: Readonly<Record<string, object>>
  readonly topics?: Readonly<
    Record<string, { properties?: object; subscriptions: Readonly<Record<string, Subscription>> }>
  >
}

interface Subscription {
  readonly properties?: object
  readonly rules?: readonly object[]
}

export const correlation = (Name: string, CorrelationFilter: object): object => ({
  Name,
  Properties: { FilterType: 'Correlation', CorrelationFilter },
})

export const configOf = ({ queues = {}, topics = {} }: Settings): unknown => ({
  UserConfig: {
    Namespaces: [
      {
        Name: 'test',
        Queues: Object.entries(queues).map(([Name, Properties]) => ({ Name, Properties })),
        Topics: Object.entries(topics).map(([Name, { properties, subscriptions }]) => ({
          Name,
          Properties: properties ?? {},
          Subscriptions: Object.entries(subscriptions).map(([name, subscription]) => ({
            Name: name,
            Properties: subscription.properties ?? {},
            ...(subscription.rules ? { Rules: subscription.rules } : {}),
          })),
        })),
      },
    ],
    Logging: { Type: 'File' },
  },
})
