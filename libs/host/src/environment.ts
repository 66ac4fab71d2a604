import type { z } from 'zod'
import { mend } from './validation.ts'

/** The configuration is wrong. `runProcess` prints the message as it is and exits 1. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((text) => `  ${text}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Reads the variables that a schema names. An empty variable counts as not set. Throws `ConfigError` with every problem at
 * once, each naming its variable; values are not repeated, because some are secrets.
 */
export function readEnvironment<S extends z.ZodObject>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<z.output<S>> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((key) => (env[key] === undefined || env[key] === '' ? [] : [[key, env[key]]])),
  )
  const parsed = schema.safeParse(given, { error: mend })
  if (parsed.success) return Object.freeze(parsed.data)
  const problems = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? 'environment')
    const described = (schema.shape[name] as z.ZodType | undefined)?.meta()?.description
    const wrong = name in schema.shape && !(name in given) ? `${name} is not set` : `${name} ${issue.message}`
    return described === undefined ? wrong : `${wrong} (${described})`
  })
  throw new ConfigError([...new Set(problems)])
}
