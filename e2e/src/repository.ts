import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Document, parseDocument } from 'yaml'
import { runText } from './child.ts'

const author = ['-c', 'user.name=e2e', '-c', 'user.email=e2e@flotilla.example', '-c', 'commit.gpgsign=false']

/** What Flux reads: a working copy of its own, whose commits are pushed to a bare repository. */
export class Repository {
  readonly folder: string
  readonly #bare: string
  readonly #branch: string
  #pushes = 0

  private constructor(folder: string, bare: string, branch: string) {
    this.folder = folder
    this.#bare = bare
    this.#branch = branch
  }

  /** Replaces what the branch holds by `deploy/` of the source, as one commit. */
  static async from({ source, bare, branch }: { source: string; bare: string; branch: string }): Promise<Repository> {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-e2e-'))
    const repository = new Repository(folder, bare, branch)
    await repository.#git(['init', '--quiet', '--initial-branch', branch])
    await cp(join(source, 'deploy'), join(folder, 'deploy'), { recursive: true })
    return repository
  }

  /** How often it was pushed. */
  get pushes(): number {
    return this.#pushes
  }

  /** Commits and pushes whatever was changed. Gives back the commit's id. */
  async push(message: string): Promise<string> {
    await this.#git(['add', '--all'])
    await this.#git([...author, 'commit', '--quiet', '--allow-empty', '--message', message])
    await this.#git(['push', '--quiet', '--force', this.#bare, `HEAD:refs/heads/${this.#branch}`])
    this.#pushes += 1
    return (await this.#git(['rev-parse', 'HEAD'])).trim()
  }

  /** Takes the last commit back by a new one, as `git revert` does. */
  async revert(message: string): Promise<string> {
    await this.#git([...author, 'revert', '--no-edit', '--no-commit', 'HEAD'])
    return this.push(message)
  }

  /** Changes a YAML file, comments and order kept. */
  async edit(path: string, change: (document: Document) => void): Promise<void> {
    const file = join(this.folder, path)
    await writeFile(file, edited(await readFile(file, 'utf8'), change))
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  #git(args: readonly string[]): Promise<string> {
    return runText('git', args, { cwd: this.folder })
  }
}

export function edited(text: string, change: (document: Document) => void): string {
  const document = parseDocument(text)
  if (document.errors[0]) throw document.errors[0]
  change(document as Document)
  return document.toString({ lineWidth: 0 })
}
