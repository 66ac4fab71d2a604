import { CosmosClient } from '@azure/cosmos'
import { type DatabaseSource, type Reader, readBook } from './book.ts'
import { books, type NotificationDocument, readNotifications } from './databases.ts'
import type { IntentRecord, MailRecord, QueueRecord, Records } from './records.ts'

/** Where the books are. */
export interface Sources {
  /** By service. */
  readonly databases: Readonly<Record<'order' | 'inventory' | 'payment', DatabaseSource | Reader>>
  readonly cosmos: { readonly endpoint: string; readonly key: string }
  readonly cardProcessor: string
  readonly mailbox: string
  /** The administration side of the stand-in; without it, queues are not read. */
  readonly broker?: string | undefined
}

const timeout = 30_000
const pageSize = 1_000

/** Reads everything. The outside world is read before the databases, so that what it did is already asked for there. */
export async function readRecords(sources: Sources): Promise<Records> {
  const at = Date.now()
  const [intents, mails, queues, documents] = await Promise.all([
    readIntents(sources.cardProcessor),
    readMails(sources.mailbox),
    sources.broker === undefined ? undefined : readQueues(sources.broker),
    readDocuments(sources.cosmos),
  ])
  const payment = await readBook(sources.databases.payment, books.payment)
  const inventory = await readBook(sources.databases.inventory, books.inventory)
  const order = await readBook(sources.databases.order, books.order)
  return {
    at,
    intents,
    mails,
    queues,
    ...documents,
    ...payment,
    ...inventory,
    ...order,
    owed: [order.owed, inventory.owed, payment.owed, documents.owed],
  }
}

async function readDocuments({ endpoint, key }: Sources['cosmos']) {
  const client = new CosmosClient({ endpoint, key, connectionPolicy: { enableEndpointDiscovery: false } })
  try {
    const container = client.database('notification').container('notifications')
    const query = 'SELECT c.orderId, c.state, c.outbox, c.work FROM c'
    const { resources } = await container.items
      .query<NotificationDocument>(query, { maxItemCount: pageSize })
      .fetchAll()
    return readNotifications(resources)
  } finally {
    client.dispose()
  }
}

interface Intent {
  readonly id: string
  readonly currency: string
  readonly amount_received: number
  readonly amount_refunded: number
  readonly metadata: { readonly orderId?: string }
}

async function readIntents(url: string): Promise<IntentRecord[]> {
  const intents: IntentRecord[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { data: Intent[]; next_cursor: string | null } = await get(
      `${url}/flotilla/intents?limit=${pageSize}${cursor && `&cursor=${cursor}`}`,
    )
    for (const { id, currency, metadata, amount_received: received, amount_refunded: refunded } of page.data) {
      intents.push({ id, currency, received, refunded, orderId: metadata.orderId })
    }
    cursor = page.next_cursor
  }
  return intents
}

async function readMails(url: string): Promise<MailRecord[]> {
  const mails: MailRecord[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { messages: MailRecord[]; cursor: string | null } = await get(
      `${url}/messages?parsed=false&limit=${pageSize}${cursor && `&cursor=${cursor}`}`,
    )
    for (const { orderId, messageId } of page.messages) mails.push({ orderId, messageId })
    cursor = page.cursor
  }
  return mails
}

const readQueues = (url: string): Promise<QueueRecord[]> => get(`${url}/flotilla/depths`)

async function get<Body>(url: string): Promise<Body> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeout) })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Body
}
