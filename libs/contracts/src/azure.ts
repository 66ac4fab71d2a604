import { type Rule, settings, subscriptions, topics } from './topology.ts'

interface Entity {
  /** Below the namespace: a topic, its subscription, and a rule of that. */
  readonly path: readonly string[]
  readonly properties: object
}

/** By how deep an entity is. */
const types = [
  'Microsoft.ServiceBus/namespaces/topics',
  'Microsoft.ServiceBus/namespaces/topics/subscriptions',
  'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules',
] as const

const topicProperties = {
  defaultMessageTimeToLive: settings.timeToLive,
  requiresDuplicateDetection: true,
  duplicateDetectionHistoryTimeWindow: settings.duplicateDetectionWindow,
}

const subscriptionProperties = {
  lockDuration: settings.lockDuration,
  maxDeliveryCount: settings.maxDeliveryCount,
  defaultMessageTimeToLive: settings.timeToLive,
  deadLetteringOnMessageExpiration: true,
  requiresSession: false,
}

const ruleProperties = ({ subject, properties }: Rule) => ({
  filterType: 'CorrelationFilter',
  correlationFilter: { label: subject, ...(properties && { properties }) },
})

/** Azure gives it to each new subscription, and it lets every message through; this lets none. */
const defaultRule = { filterType: 'SqlFilter', sqlFilter: { sqlExpression: '1=0' } }

function entitiesOf(topic: string): Entity[] {
  const heard = subscriptions.filter((subscription) => subscription.topic === topic)
  return [
    { path: [topic], properties: topicProperties },
    ...heard.flatMap(({ service, rules }) => [
      { path: [topic, service], properties: subscriptionProperties },
      { path: [topic, service, '$Default'], properties: defaultRule },
      ...rules.map((rule) => ({ path: [topic, service, rule.name], properties: ruleProperties(rule) })),
    ]),
  ]
}

const typeOf = ({ path }: Entity) => types[path.length - 1]
const namespace = `parameters('namespace')`
const nameOf = ({ path }: Entity) => `[concat(${namespace}, '/${path.join('/')}')]`
const idOf = (entity: Entity) =>
  `[resourceId('${typeOf(entity)}', ${[namespace, ...entity.path.map((name) => `'${name}'`)].join(', ')})]`

/**
 * The topology as a template of Azure Resource Manager, for a namespace that exists. What is of one topic is made one after the other:
 * Service Bus refuses changes of a topic that happen at once.
 */
export function azureTemplate() {
  return {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    parameters: {
      namespace: {
        type: 'string',
        metadata: { description: 'A Service Bus namespace in this resource group, by its name' },
      },
    },
    resources: topics.flatMap((topic) =>
      entitiesOf(topic).map((entity, at, all) => ({
        type: typeOf(entity),
        apiVersion: '2024-01-01',
        name: nameOf(entity),
        dependsOn: all.slice(0, at).slice(-1).map(idOf),
        properties: entity.properties,
      })),
    ),
  }
}
