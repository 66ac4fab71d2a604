#!/usr/bin/env node
// Runs a program of this repository on any machine that has npm: installs what is missing, then starts the program under
// the pinned Node. Plain JavaScript for an old Node, because it runs before anything is installed.
//   node local/up/run.mjs <file.ts | binary of node_modules/.bin> [arguments]
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const node = join(root, 'node_modules', 'node', 'bin', 'node')
const stamp = join(root, 'node_modules', '.flotilla-installed')

const [program, ...args] = process.argv.slice(2)
if (!program) {
  console.error('usage: node local/up/run.mjs <file.ts | program> [arguments]')
  process.exit(2)
}
await install()
const isFile = program.endsWith('.ts')
const command = isFile ? [node, join(root, program), ...args] : [join(bin, program), ...args]
process.exit(await run(command, { cwd: isFile ? from() : root }))

/** Where the command was typed: npm runs it in the folder of package.json, and paths are meant from here. */
function from() {
  const { INIT_CWD } = process.env
  return INIT_CWD && relative(root, process.cwd()) === '' ? INIT_CWD : process.cwd()
}

/** Installs the dependencies when the lock file is not the one they were installed from. */
async function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .digest('hex')
  if (existsSync(stamp) && existsSync(node) && readFileSync(stamp, 'utf8') === wanted) return
  console.error('flotilla: installing dependencies (once; half a minute or so) …')
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  // The engines of the packages are for the pinned Node, which is only now being installed.
  const code = await run(['npx', '--yes', packageManager, 'install', '--frozen-lockfile'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (code !== 0) {
    console.error(`flotilla: installing failed (exit code ${code}); the lines above say why`)
    process.exit(code)
  }
  writeFileSync(stamp, wanted)
}

/**
 * Runs a command to its end; Ctrl-C reaches it through the terminal, and SIGTERM is passed on. Of a Ctrl-C npm tells us
 * again, perhaps only when the command has ended: that word is waited for a moment, and the signals stay ours until we
 * exit, or it would end us, and npm would say that we were interrupted.
 */
function run([file, ...rest], options) {
  return new Promise((resolve) => {
    const env = { TURBO_TELEMETRY_DISABLED: '1', ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
    const child = spawn(file, rest, { stdio: 'inherit', env, ...options })
    let interrupts = 0
    let onInterrupt = () => {}
    process.on('SIGINT', () => {
      interrupts += 1
      onInterrupt()
    })
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.once('error', (error) => {
      console.error(`flotilla: cannot run ${file}: ${error.message}`)
      resolve(127)
    })
    child.once('close', (code, signal) => {
      const end = () => resolve(code ?? 128 + (constants.signals[signal] ?? 0))
      if (interrupts !== 1 || process.env.npm_lifecycle_event === undefined) return end()
      onInterrupt = end
      setTimeout(end, 250)
    })
  })
}
