import { expect, test } from 'vitest'
import { z } from 'zod'
import { ConfigError, readEnvironment } from '../src/environment.ts'

const Env = z.object({
  PORT: z.coerce.number().int().min(1).max(65_535).default(3_000),
  BROKER_URL: z.url().meta({ description: 'where the broker listens' }),
  LOG_LEVEL: z.enum(['info', 'debug']).default('info'),
  SECRET: z.string().min(16),
})

function problems(env: Record<string, string>): readonly string[] {
  try {
    readEnvironment(Env, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('the configuration was accepted')
}

test('what is right is read, typed, frozen, and empty means not set', () => {
  const config = readEnvironment(Env, { PORT: '', BROKER_URL: 'http://b', SECRET: 'x'.repeat(16), OTHER: '1' })
  expect(config).toEqual({ PORT: 3_000, BROKER_URL: 'http://b', LOG_LEVEL: 'info', SECRET: 'x'.repeat(16) })
  expect(Object.isFrozen(config)).toBe(true)
})

test('everything that is wrong is told at once, by name, and no value is repeated', () => {
  const found = problems({ PORT: 'abc', LOG_LEVEL: 'loud', SECRET: 'hunter2' })
  expect(found).toEqual([
    'PORT must be a number',
    'BROKER_URL is not set (where the broker listens)',
    'LOG_LEVEL must be one of "info", "debug"',
    'SECRET must be at least 16 characters long',
  ])
  expect(found.join()).not.toContain('hunter2')
})
