/** A message as it is handed to the broker: a CloudEvent with what Service Bus routes and correlates by. */
export interface Message {
  /** CloudEvents id, also the Service Bus messageId: `<kind>:<id>.<version>.<index>`. At most 128 characters. */
  readonly id: string
  readonly topic: string
  /** CloudEvents type, also the Service Bus subject. */
  readonly type: string
  /** The order's id, or the SKU for news of the catalogue. */
  readonly correlationId: string
  /** The CloudEvent in structured JSON. */
  readonly body: string
  /** Application properties that subscriptions filter by. */
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** W3C trace context of the change that caused it. */
  readonly traceparent?: string | undefined
}
