import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err })
    })
  })
}

test('the command says that the release may follow the one before', async () => {
  expect(await run()).toEqual({ code: 0, out: 'the databases of this release serve the one before too\n', err: '' })
})

test.for([
  [['--record', 'soon'], 'schema: --record soon is no release: give three numbers, such as 0.2.0'],
  [['--quick'], "schema: Unknown option '--quick'"],
] as const)('what is wrong with %j is told, with how it is used', async ([args, complaint]) => {
  const { code, err } = await run(...args)
  expect(code).toBe(2)
  expect(err).toContain(complaint)
  expect(err).toContain('usage: npm run schema [-- --record RELEASE]')
})
