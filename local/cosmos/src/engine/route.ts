import { badRequest, unsupported } from './refusal.ts'

/** What a path names. */
export interface Route {
  /** Type of resource as it is signed: `dbs`, `colls`, `docs`, `pkranges` or empty for the account. */
  readonly type: string
  /** Name of the resource as it is signed: of the parent, where the path names a feed. */
  readonly link: string
  readonly database: string | undefined
  readonly container: string | undefined
  readonly document: string | undefined
}

const shapes = ['dbs', 'colls', 'docs']

/** Reads a path such as `/dbs/d/colls/c/docs/i`. Throws a Refusal for what is not there. */
export function readRoute(path: string): Route {
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decode)
  const type = segments[segments.length % 2 === 0 ? segments.length - 2 : segments.length - 1] ?? ''
  const link = segments.slice(0, segments.length % 2 === 0 ? segments.length : -1).join('/')
  const [, database, , container, , document] = segments
  checkShape(segments)
  return { type, link, database, container, document }
}

function checkShape(segments: readonly string[]): void {
  for (let index = 0; index < segments.length; index += 2) {
    const name = segments[index] as string
    if (name === shapes[index / 2]) continue
    if (name === 'pkranges' && index === 4 && segments.length === 5) continue
    throw unsupported(`The resource '${name}' in '/${segments.join('/')}' is`)
  }
  if (segments.length > 6) throw unsupported(`The path '/${segments.join('/')}' is`)
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badRequest(`The path segment '${segment}' is not percent-encoded as it should be.`)
  }
}
