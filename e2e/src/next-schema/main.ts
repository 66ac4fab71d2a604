import { expand } from './expand.ts'

/** `node e2e/src/next-schema/main.ts TREE`: the tree is that of a next release, with a migration more for each database. */

const usage =
  'usage: node e2e/src/next-schema/main.ts TREE\n  TREE  a working tree that is thrown away: it gets migrations that nobody needs'

async function main([tree, ...more]: string[]): Promise<number> {
  if (tree === undefined || more.length > 0) {
    process.stderr.write(`${usage}\n`)
    return 2
  }
  for (const file of await expand(tree)) process.stdout.write(`${file}\n`)
  return 0
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`next-schema: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
    process.exit(1)
  },
)
