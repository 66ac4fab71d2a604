/**
 * What the store asks of a document database: conditional writes and reads in bulk, and queries. The real one is
 * `cosmosDocuments`; a simulation may bring its twin.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined }
export type Body = { readonly [name: string]: Json | undefined }

export interface Place {
  readonly id: string
  /** The value of the partition key. */
  readonly partition: string
}

export type Operation =
  /** Answers 409 when the document is there. */
  | (Place & { readonly type: 'create'; readonly body: Body })
  /** Answers 412 when the document has another etag, 404 when it is gone. */
  | (Place & { readonly type: 'replace'; readonly body: Body; readonly etag: string })
  | (Place & { readonly type: 'read' })

export interface Answer {
  /** As in HTTP: 200 and 201 are done. */
  readonly status: number
  readonly etag?: string | undefined
  /** Of a read; system properties (`_etag`, `_ts`) included. */
  readonly body?: Body | undefined
  /** Milliseconds that the server wants to be left alone, with 429 and 449. */
  readonly retryAfter?: number | undefined
  readonly message?: string | undefined
}

/** Documents that owe something, found by a number that stands in them only as long as they do. */
export interface Query {
  readonly where: { readonly property: string; readonly atMost?: number }
  /** Only those that hold an item with one of these ids in a list. */
  readonly holding?: { readonly list: string; readonly ids: readonly string[] }
  /** Ascending. */
  readonly orderBy?: string
  readonly limit?: number
}

export interface Documents {
  /**
   * At most 100 operations in one request, each done or not on its own; answers in the same order. `purpose` names them
   * in spans. Throws `Unavailable` when there is no answer: what became of each operation is then unknown.
   */
  bulk(operations: readonly Operation[], purpose: string): Promise<readonly Answer[]>
  /** All that the query finds, `_etag` included. Throws `Unavailable`. */
  query(query: Query, purpose: string): Promise<Answer & { readonly found: readonly Body[] }>
}

export const operationsAtMost = 100
