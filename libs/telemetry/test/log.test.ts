import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger, endUserId, flushLogs, withLogFields } from '../src/log.ts'
import { createLogDestination } from '../src/log-destination.ts'
import { withSpan } from '../src/spans.ts'
import { startTelemetry } from '../src/telemetry.ts'

function recorded(level?: string) {
  const lines: string[] = []
  const logger = createLogger({
    service: 'order',
    version: '1.2.3',
    level,
    destination: { write: (line) => void lines.push(line) },
  })
  return { logger, raw: lines, lines: () => lines.map((line) => JSON.parse(line)) }
}

test('a line names service, version, level, time and the active span', async () => {
  const telemetry = await startTelemetry({ service: 'order', version: '1.2.3' })
  const { logger, lines } = recorded()
  const ids = withSpan('work', { parent: null }, (span) => {
    logger.info({ order_id: 'o1' }, 'placed')
    return span.spanContext()
  })
  await telemetry.shutdown()
  expect(lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: 'order',
      version: '1.2.3',
      trace_id: ids.traceId,
      span_id: ids.spanId,
      order_id: 'o1',
      msg: 'placed',
    },
  ])
})

test('fields of a piece of work are on every line of it, and only there', async () => {
  const telemetry = await startTelemetry({ service: 'order', version: '1.2.3' })
  const { logger, lines } = recorded()
  await withLogFields({ request_id: 'r1' }, async () => {
    await new Promise(setImmediate)
    withLogFields({ order_id: 'o1' }, () => logger.info('inner'))
    logger.info('outer')
  })
  logger.info('outside')
  await telemetry.shutdown()
  expect(lines().map(({ request_id, order_id }) => [request_id, order_id])).toEqual([
    ['r1', 'o1'],
    ['r1', undefined],
    [undefined, undefined],
  ])
})

test('no secret and no e-mail address reaches the log, wherever it stands', () => {
  const { logger, raw } = recorded()
  const token = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`
  logger.info({ authorization: 'abc123', headers: { authorization: 'abc123', cookie: 'sid=abc123' } }, 'headers')
  logger.info({ deep: { er: { still: 'ann.b+c@mail.example.com' } }, email: 'ann@example.com' }, 'to ann@example.org')
  logger.error({ err: new Error('550 <ann@example.com> refused') }, 'mail')
  logger.warn(`sent Bearer ${token} and ${token}`)
  logger.warn('Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=abc123=;Foo=1')
  const all = raw.join('')
  for (const secret of ['abc123', 'example.com', 'example.org', 'eyJ', 'aaaa']) expect(all).not.toContain(secret)
  expect(all.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(9)
  for (const line of raw) expect(() => JSON.parse(line)).not.toThrow()
})

test('package versions in a stack are not taken for addresses', () => {
  const { logger, raw } = recorded()
  logger.info('at node_modules/.pnpm/fastify@5.12.8/node_modules/@fastify/error/index.js')
  expect(raw[0]).toContain('fastify@5.12.8/node_modules/@fastify/error')
})

test('errors are told with type, message, stack and cause', () => {
  const { logger, lines } = recorded()
  logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')
  expect(lines()[0].err).toMatchObject({ type: 'Error', message: expect.stringContaining('outer') })
  expect(lines()[0].err.stack).toContain('inner')
})

test('lines are not lost when the process exits at once', () => {
  const source = new URL('../src/log.ts', import.meta.url).href
  const script = `
    import { createLogger } from ${JSON.stringify(source)}
    const logger = createLogger({ service: 'order', version: '1' })
    for (let n = 0; n < 5000; n++) logger.info({ n }, 'line')
    process.exit(0)`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { maxBuffer: 1 << 26 })
  const lines = output.toString().trimEnd().split('\n')
  expect(lines).toHaveLength(5000)
  expect(JSON.parse(lines.at(-1) as string).n).toBe(4999)
})

test('lines reach a file in order, whole, without an exit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'log')
  const logger = createLogger({ service: 'order', version: '1', destination: createLogDestination(path) })
  const read = () => readFileSync(path, 'utf8').split('\n').filter(Boolean)
  for (let turn = 0; turn < 20; turn++) {
    for (let n = 0; n < 50; n++) logger.info({ n: turn * 50 + n }, 'line')
    await new Promise(setImmediate)
  }
  await expect.poll(() => read().length).toBe(1_000)
  expect(read().map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 1_000 }, (_, n) => n))
  logger.info('flushed')
  await flushLogs(logger)
  await expect.poll(() => read().length).toBe(1_001)
})

test('enduser.id is stable per issuer and subject and says neither', () => {
  const id = endUserId('secret', 'https://issuer', 'ann')
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(endUserId('secret', 'https://issuer', 'ann')).toBe(id)
  expect(endUserId('secret', 'https://issuer', 'bob')).not.toBe(id)
  expect(endUserId('secret', 'https://other', 'ann')).not.toBe(id)
  expect(endUserId('other', 'https://issuer', 'ann')).not.toBe(id)
  expect(endUserId('secret', 'ab', 'c')).not.toBe(endUserId('secret', 'a', 'bc'))
})
