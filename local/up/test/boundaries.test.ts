import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../src/members.ts'

/** The boundaries of DESIGN section 3 are kept by Biome: each rule is shown to catch its violation. */

const folder = mkdtempSync(join(tmpdir(), 'flotilla-lint-'))
for (const name of ['biome.json', 'lint', '.gitignore'])
  cpSync(join(root, name), join(folder, name), { recursive: true })
afterAll(() => rmSync(folder, { recursive: true }))

/** What Biome says of a file with this content at this place. */
function complaints(path: string, content: string): string {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  const biome = join(root, 'node_modules', '.bin', 'biome')
  const { stdout, stderr } = spawnSync(biome, ['lint', '--vcs-enabled=false', path], { cwd: folder, encoding: 'utf8' })
  rmSync(file)
  return stdout + stderr
}

const importing = (module: string) => `import { x } from '${module}'\n\nexport const y = x\n`

describe('the linter refuses', () => {
  it.each([
    [
      'a domain that imports a library',
      'services/order/src/domain/a.ts',
      importing('zod'),
      'nothing but its own files',
    ],
    [
      'a domain that imports its outbound',
      'services/order/src/domain/a.ts',
      importing('../outbound/b.ts'),
      'nothing but',
    ],
    ['a domain with a clock', 'services/order/src/domain/a.ts', 'export const now = () => Date.now()\n', 'Pass time'],
    [
      'a domain with chance',
      'services/order/src/domain/a.ts',
      'export const x = () => Math.random()\n',
      'Chance and time',
    ],
    [
      'an inbound that calls outbound',
      'services/order/src/inbound/a.ts',
      importing('../outbound/b.ts'),
      'never outbound',
    ],
    [
      'an outbound that looks back',
      'services/order/src/outbound/a.ts',
      importing('../inbound/b.ts'),
      'never looks back',
    ],
    [
      'a service that reaches into another',
      'services/order/src/a.ts',
      importing('../../payment/src/b.ts'),
      'never reaches',
    ],
    [
      'a service that imports another',
      'services/order/src/outbound/a.ts',
      importing('@flotilla/payment/app'),
      'never reaches',
    ],
    ['a library that knows a service', 'libs/decider/src/a.ts', importing('@flotilla/order/app'), 'Libs never know'],
    ['the environment outside of main', 'services/order/src/a.ts', 'export const x = process.env.X\n', 'process.env'],
    ['a default export', 'libs/decider/src/a.ts', 'export default 1\n', 'default export'],
    ['a barrel', 'libs/decider/src/a.ts', "export * from './b.ts'\n", 'noReExportAll'],
    [
      'a file over 250 lines',
      'libs/decider/src/a.ts',
      'export const x = 1\n'.replace('x', 'x0') +
        Array.from({ length: 260 }, (_, line) => `export const x${line + 1} = 1\n`).join(''),
      '250',
    ],
  ])('%s', (_what, path, content, says) => {
    expect(complaints(path, content)).toContain(says)
  })

  it('nothing in a file that keeps the rules', () => {
    expect(complaints('services/order/src/domain/a.ts', importing('./b.ts'))).not.toContain('lint/')
  })
})
