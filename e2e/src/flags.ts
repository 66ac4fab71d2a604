import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'

export const usage = `usage: npm run e2e:cluster -- --kubeconfig FILE --repository DIR --git-url URL --next-tag TAG [...]
  --kubeconfig FILE  the cluster: Flux is installed, the images are known to its nodes, nothing of the fleet is there yet
  --repository DIR   a bare Git repository that may be pushed to
  --git-url URL      where the cluster reads that repository
  --volumes DIR      the folder of the nodes that deploy/flux/clusters/local/README.md asks for (/var/lib/flotilla)
  --tag TAG          the images' tag in the beginning (1.0.0)
  --next-tag TAG     the tag of the images of the release that is rolled to: another one, or nothing would be rolled
  --source DIR       the working tree whose deploy/ is committed (this repository)
  --rate N           orders per second (16)
  --minutes N        it gives up after so long (45)
  --keep             leaves everything in the cluster; otherwise what was installed is deleted`

/** What was wrong with the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const tag = z.string().regex(/^[\w][\w.-]{0,127}$/, 'is no tag of an image')
const Flags = z
  .strictObject({
    kubeconfig: z.string({ error: 'give the file that names the cluster' }).min(1),
    repository: z.string({ error: 'give a bare repository: git clone --bare . FOLDER makes one' }).min(1),
    'git-url': z.url({
      protocol: /^(https?|ssh)$/,
      error: 'give the URL under which the cluster reads the repository',
    }),
    volumes: z.string().regex(/^\/.+/, 'is no path of a node').default('/var/lib/flotilla'),
    tag: tag.default('1.0.0'),
    'next-tag': z.string({ error: 'give the tag of the images that are rolled to' }).pipe(tag),
    source: z
      .string()
      .min(1)
      .default(resolve(import.meta.dirname, '../..')),
    rate: z.coerce.number().min(1).max(200).default(16),
    minutes: z.coerce.number().min(5).max(240).default(45),
    keep: z.boolean().default(false),
  })
  .refine(({ tag, 'next-tag': next }) => tag !== next, {
    path: ['next-tag'],
    error: 'is --tag: give the tag of other images, or nothing would be rolled',
  })

export interface Settings {
  readonly kubeconfig: string
  readonly repository: string
  readonly gitUrl: string
  readonly volumes: string
  readonly tag: string
  readonly nextTag: string
  readonly source: string
  readonly rate: number
  readonly minutes: number
  readonly keep: boolean
}

/** Throws a UsageError that names the flag and how to mend it. */
export function readFlags(args: string[]): Settings {
  const options = Object.fromEntries(
    Object.keys(Flags.shape).map((name) => [name, { type: name === 'keep' ? 'boolean' : 'string' } as const]),
  )
  try {
    const { values } = parseArgs({ args, options })
    const { 'git-url': gitUrl, 'next-tag': nextTag, ...flags } = Flags.parse(values)
    return {
      ...flags,
      gitUrl,
      nextTag,
      kubeconfig: resolve(flags.kubeconfig),
      repository: resolve(flags.repository),
      source: resolve(flags.source),
    }
  } catch (error) {
    const message =
      error instanceof z.ZodError
        ? error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`).join('; ')
        : String((error as Error).message)
    throw new UsageError(`${message}\n${usage}`)
  }
}
