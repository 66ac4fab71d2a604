import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
} from '@opentelemetry/semantic-conventions'
import { httpServerDuration } from './metrics.ts'
import { type OpenSpan, openSpan } from './spans.ts'

/** A request that begins. */
export type ServerRequest = {
  readonly method: string
  /** The route's pattern, e.g. `/api/v1/orders/:id`; undefined when none matched. */
  readonly route: string | undefined
  /** Without the query, which may hold personal data. */
  readonly path: string
  readonly traceparent: string | undefined
}

/** Opens the server span `<method> <route>` in the caller's trace, or in a new one. */
export function openServerSpan({ method, route, path, traceparent }: ServerRequest): OpenSpan {
  return openSpan(route === undefined ? method : `${method} ${route}`, {
    kind: SpanKind.SERVER,
    parent: traceparent ?? null,
    attributes: {
      [ATTR_HTTP_REQUEST_METHOD]: method,
      [ATTR_URL_PATH]: path,
      [ATTR_URL_SCHEME]: 'http',
      ...(route !== undefined && { [ATTR_HTTP_ROUTE]: route }),
    },
  })
}

/** Ends a server span; only a 5xx is an error of the server. `seconds` goes into http.server.request.duration. */
export function endServerSpan(
  { span }: OpenSpan,
  { method, route, status, seconds }: { method: string; route: string | undefined; status: number; seconds: number },
): void {
  if (span.isRecording()) {
    span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status)
    if (status >= 500) {
      span.setAttribute(ATTR_ERROR_TYPE, String(status))
      span.setStatus({ code: SpanStatusCode.ERROR })
    }
  }
  span.end()
  if (!httpServerDuration.isRecorded()) return
  const attributes: Attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: method,
    [ATTR_HTTP_RESPONSE_STATUS_CODE]: status,
    [ATTR_HTTP_ROUTE]: route ?? 'unmatched',
    ...(status >= 500 && { [ATTR_ERROR_TYPE]: String(status) }),
  }
  httpServerDuration.record(seconds, attributes)
}
