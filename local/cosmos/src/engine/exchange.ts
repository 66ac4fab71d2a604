/** A request as the engine takes it: no socket, no stream. */
export interface Request {
  readonly method: string
  /** Path as it came, still percent-encoded, without the query string. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Response {
  readonly status: number
  readonly headers: Record<string, string>
  /** JSON, or empty. */
  readonly body: string
}

export function header(request: Request, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

export function flag(request: Request, name: string): boolean {
  return header(request, name)?.toLowerCase() === 'true'
}
