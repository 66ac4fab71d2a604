import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Document, parseAllDocuments } from 'yaml'
import { runText } from './child.ts'

const author = ['-c', 'user.name=e2e', '-c', 'user.email=e2e@flotilla.example', '-c', 'commit.gpgsign=false']

/** What Flux reads: a working copy of its own, whose commits are pushed to a bare repository. */
export class Repository {
  readonly folder: string
  readonly #bare: string
  readonly #branch: string

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

  /** Commits and pushes whatever was changed. Gives back the commit's id. */
  async push(message: string): Promise<string> {
    await this.#git(['add', '--all'])
    await this.#git([...author, 'commit', '--quiet', '--allow-empty', '--message', message])
    await this.#git(['push', '--quiet', '--force', this.#bare, `HEAD:refs/heads/${this.#branch}`])
    return (await this.#git(['rev-parse', 'HEAD'])).trim()
  }

  /** Takes the last commit back by a new one, as `git revert` does. */
  async revert(message: string): Promise<string> {
    await this.#git([...author, 'revert', '--no-edit', '--no-commit', 'HEAD'])
    return this.push(message)
  }

  /** Changes the YAML document of this kind in a file, comments and order kept. Throws when there is none. */
  async edit(path: string, kind: string, change: (document: Document) => void): Promise<void> {
    const file = join(this.folder, path)
    await writeFile(file, edited(await readFile(file, 'utf8'), path, kind, change))
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  #git(args: readonly string[]): Promise<string> {
    return runText('git', args, { cwd: this.folder })
  }
}

/** Throws when the text has no document of this kind. */
export function edited(text: string, path: string, kind: string, change: (document: Document) => void): string {
  const documents = [...parseAllDocuments(text)] as Document[]
  const found = documents.find((document) => document.get('kind') === kind)
  if (!found) throw new Error(`${path} holds no ${kind}`)
  change(found)
  return documents.map((document) => document.toString({ lineWidth: 0 })).join('')
}
