import { badRequest, type Refusal } from '../engine/refusal.ts'

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'parameter' | 'symbol' | 'end'
  /** As it is written; of a string what it means. */
  readonly text: string
  readonly start: number
  readonly end: number
}

const pattern =
  /\s+|--[^\n]*|(?<parameter>@\w+)|(?<name>[A-Za-z_]\w*)|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<symbol><=|>=|!=|<>|\|\||\?\?|[-+*/%=<>()[\]{}.,:?&|^~])/gsy

/** Splits a query into its words. Throws a Refusal at what is none. */
export function tokenize(query: string): Token[] {
  const tokens: Token[] = []
  let end = 0
  for (const { groups, index, 0: text } of query.matchAll(pattern)) {
    end = index + text.length
    const found = Object.entries(groups ?? {}).find(([, value]) => value !== undefined)
    if (!found) continue
    const kind = found[0] as Token['kind']
    tokens.push({ kind, text: kind === 'string' ? meaning(text, index) : text, start: index, end })
  }
  if (end < query.length) throw syntaxError(`incorrect syntax near '${query.slice(end, end + 20)}'`, end, query.length)
  tokens.push({ kind: 'end', text: '', start: query.length, end: query.length })
  return tokens
}

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

function meaning(text: string, start: number): string {
  return text.slice(1, -1).replace(/\\(u[\da-fA-F]{4}|.)/gs, (whole, code: string) => {
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    if (/['"\\/]/.test(code)) return code
    const meant = escapes[code]
    if (meant === undefined) throw syntaxError(`invalid escape '${whole}'`, start, start + text.length)
    return meant
  })
}

export function syntaxError(what: string, start: number, end: number): Refusal {
  return queryError('SC1001', `Syntax error, ${what}.`, start, end)
}

/** A query that the real service would take and this stand-in does not: refused, never answered wrongly. */
export function notSupported(what: string, start: number, end: number): Refusal {
  return queryError('SC2001', `${what} is not supported by this Cosmos DB stand-in.`, start, end)
}

export function queryError(code: string, message: string, start: number, end: number): Refusal {
  return badRequest(
    `Message: ${JSON.stringify({ errors: [{ severity: 'Error', location: { start, end }, code, message }] })}`,
  )
}
