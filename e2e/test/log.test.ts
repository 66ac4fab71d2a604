import { afterEach, describe, expect, it, vi } from 'vitest'
import { Kubectl } from '../src/kubectl.ts'
import { PodLog } from '../src/log.ts'
import { fakeKubectl } from './fake-kubectl.ts'

let fake: ReturnType<typeof fakeKubectl>
afterEach(() => fake.close())

const phase = (name: string) => `if (args[0] === 'get') console.log(JSON.stringify({ status: { phase: '${name}' } }))`
const until = (is: () => boolean) => vi.waitUntil(is, { timeout: 20_000, interval: 20 })

function listen(silentFor?: number) {
  const lines: string[] = []
  const log = new PodLog(new Kubectl('/k'), { namespace: 'e2e', name: 'load' }, (line) => lines.push(line), silentFor)
  return { lines, log }
}

describe('the log of a pod', () => {
  it('is followed again when the connection is cut, in the middle of a line too, and no line is heard twice', async () => {
    fake = fakeKubectl(`${phase('Running')}
      else if (nth < 4) { process.stdout.write('one\\ntwo\\nthr'); process.exitCode = 1 }
      else { process.stdout.write('one\\ntwo\\nthree\\nfour\\n'); setInterval(() => {}, 1000) }`)
    const { lines, log } = listen()
    await until(() => lines.length >= 4)
    expect(lines).toEqual(['one', 'two', 'three', 'four'])
    expect(log.hasEnded).toBe(false)
    await log.close()
  })

  it('is followed again when the connection falls silent', async () => {
    fake = fakeKubectl(`${phase('Running')}
      else { console.log('line ' + nth); setInterval(() => {}, 1000) }`)
    const { lines, log } = listen(100)
    await until(() => lines.length >= 2)
    expect(lines).toEqual(['line 2', 'line 4'])
    await log.close()
  })

  it('goes on while the API server is away', async () => {
    fake = fakeKubectl(`if (nth < 3) fail('not now')
      ${phase('Running')}
      else { console.log('at last'); setInterval(() => {}, 1000) }`)
    const { lines, log } = listen()
    await until(() => lines.length >= 1)
    expect(lines).toEqual(['at last'])
    await log.close()
  })

  it('has ended when its program has, and all was heard', async () => {
    fake = fakeKubectl(`${phase('Succeeded')}
      else { console.log('the last'); if (nth < 4) process.exitCode = 1 }`)
    const { lines, log } = listen()
    await until(() => log.hasEnded)
    expect(lines).toEqual(['the last'])
    expect(fake.calls().filter(([verb]) => verb === 'logs')).toHaveLength(2)
    await log.close()
  })
})
