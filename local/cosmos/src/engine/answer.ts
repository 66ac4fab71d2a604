import type { Container } from './container.ts'

/** What a request came to, before it is dressed as a response. */
export interface Answer {
  readonly status: number
  readonly charge: number
  /** JSON; empty when there is none. */
  readonly text: string
  readonly headers?: Record<string, string>
  /** The container it is about. */
  readonly container?: Container
}

/** A page of a feed: the list's name in it is `DocumentCollections`, for instance. */
export function feedAnswer(
  name: string,
  rid: string,
  { results, continuation, charge }: { results: readonly string[]; continuation: string | undefined; charge: number },
): Answer {
  return {
    status: 200,
    charge,
    text: `{"_rid":${JSON.stringify(rid)},"${name}":[${results.join(',')}],"_count":${results.length}}`,
    headers: {
      'x-ms-item-count': String(results.length),
      ...(continuation !== undefined && { 'x-ms-continuation': continuation }),
    },
  }
}
