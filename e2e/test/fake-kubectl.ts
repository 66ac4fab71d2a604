import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/**
 * Puts a `kubectl` first into PATH. It runs this JavaScript, which knows: `args` without --kubeconfig, `input`, `nth` (which call this is, from 1)
 * and `fail(stderr)`.
 */
export function fakeKubectl(script: string) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-e2e-kubectl-'))
  const { PATH } = process.env
  const calls = join(folder, 'calls')
  const program = `#!${process.execPath}
    const { appendFileSync, readFileSync } = require('node:fs')
    const args = process.argv.slice(4)
    appendFileSync(${JSON.stringify(calls)}, JSON.stringify(args) + '\\n')
    const nth = readFileSync(${JSON.stringify(calls)}, 'utf8').trim().split('\\n').length
    const input = args.includes('-') ? readFileSync(0, 'utf8') : ''
    const fail = (stderr) => { console.error(stderr); process.exit(1) }
    ${script}`
  writeFileSync(join(folder, 'kubectl'), program)
  chmodSync(join(folder, 'kubectl'), 0o755)
  writeFileSync(calls, '')
  process.env.PATH = `${folder}${delimiter}${PATH}`
  return {
    calls: (): string[][] =>
      readFileSync(calls, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as string[]),
    close() {
      process.env.PATH = PATH
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
