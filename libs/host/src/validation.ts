import { z } from 'zod'
import { type Flaw, Problem } from './problem.ts'

/** Where a value of a request stands. */
export type Place = 'body' | 'query' | 'headers' | 'params'

/** `Idempotency-Key`: chosen by the client, one per intended effect. 1 to 255 visible ASCII characters. */
export const IdempotencyKey = z
  .string()
  .max(255)
  .regex(/^[\x21-\x7e]+$/, { error: 'must be 1 to 255 visible ASCII characters, e.g. a UUID' })
  .meta({ description: 'One key per intended effect: the same key and body get the same answer for 24 hours.' })

const EXAMPLES: Record<string, string> = {
  email: 'must be an e-mail address such as ann@example.com',
  uuid: 'must be a UUID such as 01932f6e-8f0a-7c3b-9d52-3f1f6e0c9a11',
  datetime: 'must be a UTC time such as 2026-01-31T12:00:00Z',
  date: 'must be a date such as 2026-01-31',
  url: 'must be a URL such as https://example.com/path',
}

const NAMES: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

const nameOf = (expected: unknown) => NAMES[String(expected)] ?? String(expected)

function received(input: unknown): string {
  if (input === null) return 'null'
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'number' && !Number.isInteger(input)) return 'a fraction'
  return nameOf(typeof input)
}

function size(issue: z.core.$ZodRawIssue, bound: 'at least' | 'at most', limit: unknown, inclusive: boolean): string {
  const origin = String(issue.origin)
  if (origin === 'string') return `must be ${bound} ${limit} character${limit === 1 ? '' : 's'} long`
  if (origin === 'array' || origin === 'set') return `must have ${bound} ${limit} item${limit === 1 ? '' : 's'}`
  return inclusive ? `must be ${bound} ${limit}` : `must be ${bound === 'at least' ? 'more' : 'less'} than ${limit}`
}

/** Says what is wrong so that it can be mended, without repeating what was sent. A schema's own message has precedence. */
export const mend: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return `is required: give ${nameOf(issue.expected)}`
      // What was coerced, of a query for instance, has lost its form.
      if (Number.isNaN(issue.input)) return `must be ${nameOf(issue.expected)}`
      return `must be ${nameOf(issue.format === 'safeint' ? 'int' : issue.expected)}, not ${received(issue.input)}`
    case 'too_small':
      return size(issue, 'at least', issue.minimum, issue.inclusive !== false)
    case 'too_big':
      return size(issue, 'at most', issue.maximum, issue.inclusive !== false)
    case 'invalid_format':
      return (
        EXAMPLES[issue.format] ??
        (issue.format === 'regex' ? `must match ${issue.pattern}` : `must be a valid ${issue.format}`)
      )
    case 'invalid_value': {
      const values = issue.values.map((value) => JSON.stringify(value)).join(', ')
      return issue.values.length === 1 ? `must be ${values}` : `must be one of ${values}`
    }
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'invalid_union':
      return 'matches none of the forms that are allowed here'
    default:
      return undefined
  }
}

const settings = { error: mend }

function flaw(place: Place, path: readonly PropertyKey[], detail: string): Flaw {
  if (place === 'headers') return { header: String(path[0]), detail }
  if (place === 'query') return { query: path.join('.'), detail }
  if (place === 'params') return { parameter: String(path[0]), detail }
  const pointer = path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  return { pointer: `#${encodeURI(pointer)}`, detail }
}

/** What an issue of zod says about a request; an unknown key is a flaw of its own each. */
function flawsOf(place: Place, issue: z.core.$ZodIssue): Flaw[] {
  if (issue.code !== 'unrecognized_keys') return [flaw(place, issue.path, issue.message)]
  return issue.keys.map((key) => flaw(place, [...issue.path, key], 'is not known here: remove it'))
}

/** Checks one part of a request. Adds to `flaws` what is wrong; the value is only good when nothing was added. */
export function check<S extends z.ZodType>(schema: S, value: unknown, place: Place, flaws: Flaw[]): z.output<S> {
  if (place === 'body' && value === undefined) {
    flaws.push({ pointer: '#', detail: 'is required: send JSON with content-type application/json' })
    return undefined as z.output<S>
  }
  const parsed = schema.safeParse(value, settings)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) flaws.push(...flawsOf(place, issue))
  return undefined as z.output<S>
}

/** 400 with everything that is wrong at once. */
export function invalid(flaws: readonly Flaw[]): Problem {
  const count = flaws.length === 1 ? 'one thing' : `${flaws.length} things`
  return new Problem('validation-failed', {
    status: 400,
    title: 'The request is not valid',
    detail: `Mend ${count} and send it again; nothing was stored.`,
    errors: flaws,
  })
}

/** Checks one value and throws a 400 problem naming each flaw. */
export function parse<S extends z.ZodType>(schema: S, value: unknown, place: Place): z.output<S> {
  const flaws: Flaw[] = []
  const data = check(schema, value, place, flaws)
  if (flaws.length > 0) throw invalid(flaws)
  return data
}
