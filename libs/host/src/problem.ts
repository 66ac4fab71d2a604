import { STATUS_CODES } from 'node:http'

/** The media type of every error (RFC 9457). */
export const PROBLEM_JSON = 'application/problem+json'

/** One thing that is wrong with a request, and how to mend it. Never repeats what was sent. */
export type Flaw = { readonly detail: string } & (
  | { /** JSON Pointer into the body, as a URI fragment: `#/lines/0/quantity`. */ readonly pointer: string }
  | { readonly header: string }
  | { readonly query: string }
  | { /** A part of the path. */ readonly parameter: string }
)

/** What a problem says besides its slug. */
export type ProblemOptions = {
  readonly status: number
  /** The same for every problem of this slug; the slug in words when absent. */
  readonly title?: string | undefined
  /** About this request: what is wrong and what to do. */
  readonly detail?: string | undefined
  readonly errors?: readonly Flaw[] | undefined
  /** Further members, e.g. the current total of a `price-changed`. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined
  /** Further headers of the answer, e.g. `retry-after`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Why, for the log of a 5xx; never told to the client. */
  readonly cause?: unknown
}

/** The stable `type` of a kind of problem. */
export const problemType = (slug: string): string => `urn:flotilla:problem:${slug}`

const inWords = (slug: string) => slug.charAt(0).toUpperCase() + slug.slice(1).replaceAll('-', ' ')

/**
 * An answer that is an error. Throw it anywhere in a handler. A 4xx names what to mend; the `cause` of a 5xx is logged and
 * stays inside.
 */
export class Problem extends Error {
  readonly slug: string
  readonly status: number
  readonly options: ProblemOptions

  constructor(slug: string, options: ProblemOptions) {
    super(options.detail ?? options.title ?? slug, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Problem'
    this.slug = slug
    this.status = options.status
    this.options = options
  }

  /** The document that the client gets. */
  toDocument(instance: string, traceId: string | undefined): object {
    const { title, detail, errors, extensions } = this.options
    return {
      type: problemType(this.slug),
      title: title ?? inWords(this.slug),
      status: this.status,
      ...(detail !== undefined && { detail }),
      instance,
      ...(traceId !== undefined && { traceId }),
      ...(errors !== undefined && errors.length > 0 && { errors }),
      ...extensions,
    }
  }
}

/** A problem to throw: `throw problem('price-changed', { status: 409, detail: '...' })`. */
export const problem = (slug: string, options: ProblemOptions): Problem => new Problem(slug, options)

/** 404: there is no such thing, or none that this caller may know of. */
export const notFound = (detail: string): Problem => problem('not-found', { status: 404, detail })

/** 500: our fault. Tells nothing but that. */
export const internalError = (cause: unknown): Problem =>
  problem('internal-error', {
    status: 500,
    detail: 'Something went wrong on our side. Try again; if it stays, report the traceId.',
    cause,
  })

/** 503: something that this needs is not there. */
export const unavailable = (detail: string, retryAfterSeconds: number, cause?: unknown): Problem =>
  problem('unavailable', { status: 503, detail, headers: { 'retry-after': String(retryAfterSeconds) }, cause })

/** A problem for an HTTP status that has no story of its own. */
export const byStatus = (status: number, detail: string): Problem =>
  problem((STATUS_CODES[status] ?? 'error').toLowerCase().replaceAll(/[^a-z]+/g, '-'), { status, detail })
