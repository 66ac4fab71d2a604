import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { root } from '../src/members.ts'

/** What npm puts between a terminal and our processes must neither hide their exit code nor leave them behind. */
async function throughNpm() {
  const npm = spawn('npm', ['run', '--silent', 'mailbox', '--', '--port', '0', '--smtp-port', '0'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own, as a terminal gives.
    detached: true,
  })
  const exited = once(npm, 'exit')
  const [line] = await once(npm.stdout.setEncoding('utf8'), 'data')
  const { url } = JSON.parse(line) as { url: string }
  return { pid: npm.pid as number, url, exited }
}

it.each<[string, (pid: number) => void]>([
  ['Ctrl-C, which reaches the whole group', (pid) => process.kill(-pid, 'SIGINT')],
  ['SIGTERM to npm alone', (pid) => process.kill(pid, 'SIGTERM')],
])(
  '%s ends what npm runs in order, with 0, and leaves nothing behind',
  async (_what, end) => {
    const { pid, url, exited } = await throughNpm()
    end(pid)
    expect(await exited).toEqual([0, null])
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  },
  30_000,
)
