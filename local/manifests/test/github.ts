import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { chartFile, chartManifest, type Pin, type Pinned } from '../src/promotion.ts'

const root = resolve(import.meta.dirname, '../../..')

export interface PullRequest {
  number: number
  url: string
  state: 'OPEN' | 'CLOSED' | 'MERGED'
  headRefName: string
  isCrossRepository: boolean
  author: { is_bot: boolean }
  title: string
  body: string
  comments: string[]
  merge?: string
}

/** What `gh` is to scripts: pull requests in a file. It refuses what it does not know. */
const gh = `#!${process.execPath}
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const file = process.env.PULL_REQUESTS
const all = JSON.parse(readFileSync(file, 'utf8'))
const [, command, ...rest] = process.argv.slice(2)
const { values, positionals: [target] } = require('node:util').parseArgs({ args: rest, allowPositionals: true, options: {
  state: { type: 'string' }, head: { type: 'string' }, base: { type: 'string' }, limit: { type: 'string' }, json: { type: 'string' },
  title: { type: 'string' }, body: { type: 'string' }, comment: { type: 'string' }, auto: { type: 'boolean' }, squash: { type: 'boolean' },
} })
const one = all.find(({ number, url }) => [String(number), url].includes(target))
if (command === 'list')
  console.log(JSON.stringify(all.filter((it) =>
    (values.state === 'all' || it.state.toLowerCase() === values.state) && (!values.head || it.headRefName === values.head))
    .map((it) => ({ ...it, comments: it.comments.map((body) => ({ body })) }))
    .map((it) => Object.fromEntries(values.json.split(',').map((field) => [field, it[field]])))))
else if (command === 'create' && values.base === 'main') {
  const number = all.length + 1
  all.push({ number, url: 'https://github.test/pull/' + number, state: 'OPEN', headRefName: values.head, isCrossRepository: false,
    author: { is_bot: true }, title: values.title, body: values.body, comments: [] })
  console.log(all.at(-1).url)
} else if (command === 'close' && one) Object.assign(one, { state: 'CLOSED', comments: [...one.comments, values.comment] })
else if (command === 'merge' && one && values.auto && values.squash) one.merge = 'auto'
else throw new Error('gh is not known to take ' + process.argv.slice(2).join(' '))
writeFileSync(file, JSON.stringify(all))
`

/** `npm run --silent manifests -- …`, in the repository that it is called in. */
const npm = `#!/bin/sh
shift 4
exec '${process.execPath}' '${join(root, 'local/manifests/src/main.ts')}' "$@" --repository "$PWD"
`

/** A repository on GitHub with what scripts of workflows need of `deploy/flux`, and a clone in which they run. */
export class GitHub {
  readonly #folder = mkdtempSync(join(tmpdir(), 'flotilla-github-'))
  readonly #origin = join(this.#folder, 'origin.git')
  readonly #people = join(this.#folder, 'people')
  readonly #bin = join(this.#folder, 'bin')
  readonly #pullRequests = join(this.#folder, 'pull-requests.json')

  constructor() {
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', this.#origin])
    execFileSync('git', ['clone', '--quiet', this.#origin, this.#people], { stdio: 'ignore' })
    this.git('switch', '--quiet', '--create', 'main')
    this.pullRequests = []
    this.program('gh', gh)
    this.program('npm', npm)
  }

  /** Puts a program on the path of scripts. */
  program(name: string, text: string): void {
    mkdirSync(this.#bin, { recursive: true })
    writeFileSync(join(this.#bin, name), text)
    chmodSync(join(this.#bin, name), 0o755)
  }

  get pullRequests(): PullRequest[] {
    return JSON.parse(readFileSync(this.#pullRequests, 'utf8'))
  }

  set pullRequests(all: readonly PullRequest[]) {
    writeFileSync(this.#pullRequests, JSON.stringify(all))
  }

  /** What people do with a pull request. */
  end(number: number, state: PullRequest['state']): void {
    this.pullRequests = this.pullRequests.map((it) => (it.number === number ? { ...it, state } : it))
  }

  /** Git, as people use it. */
  git(...args: string[]): string {
    const who = ['-c', 'user.name=Ann', '-c', 'user.email=ann@flotilla.test']
    return execFileSync('git', ['-C', this.#people, ...who, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim()
  }

  /** A commit of people with these files, pushed. */
  commit(branch: string, files: Readonly<Record<string, string>>): string {
    this.git('fetch', '--quiet')
    if (this.git('branch', '--remotes', '--list', `origin/${branch}`) !== '')
      this.git('switch', '--quiet', '--force-create', branch, `origin/${branch}`)
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.#people, path)), { recursive: true })
      writeFileSync(join(this.#people, path), text)
    }
    this.git('add', '--all')
    this.git('commit', '--quiet', '--message', 'people')
    this.git('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`)
    return this.git('rev-parse', 'HEAD')
  }

  pin(environment: Pinned, pin: Pin): string {
    return this.commit('main', { [chartFile(environment, pin.service)]: chartManifest(pin) })
  }

  /** A file of a branch; undefined if either is not there. */
  show(branch: string, path: string): string | undefined {
    try {
      return execFileSync('git', ['-C', this.#origin, 'show', `${branch}:${path}`], { encoding: 'utf8', stdio: 'pipe' })
    } catch {
      return undefined
    }
  }

  branches(): string[] {
    const refs = ['for-each-ref', '--format=%(refname:short)', 'refs/heads']
    return execFileSync('git', ['-C', this.#origin, ...refs], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
  }

  /** Runs a script of .github/scripts in a fresh clone, as a job does. `change` are files that were changed before it. */
  script(name: string, args: readonly string[], change: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const clone = join(mkdtempSync(join(this.#folder, 'job-')), 'repository')
    execFileSync('git', ['clone', '--quiet', this.#origin, clone], { stdio: 'ignore' })
    for (const [path, text] of Object.entries(change)) {
      mkdirSync(dirname(join(clone, path)), { recursive: true })
      writeFileSync(join(clone, path), text)
    }
    const env = { PATH: `${this.#bin}:${process.env.PATH}`, HOME: this.#folder, PULL_REQUESTS: this.#pullRequests }
    return new Promise((end) => {
      execFile(join(root, '.github/scripts', name), [...args], { cwd: clone, env }, (error, out, err) =>
        end({ failed: error !== null, out, err }),
      )
    })
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true })
  }
}

export interface Ended {
  readonly failed: boolean
  readonly out: string
  readonly err: string
}

/** Whether what scripts of workflows need beside Git is on the path. */
export const hasScripts = (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'jq')))
