import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { type ImageName, imageNames } from './images.ts'
import { trials } from './trial.ts'

const usage = `usage: npm run bundle -- IMAGE [--out DIR] [--release VERSION] [--measure]
       npm run bundle -- IMAGE --stack < TRACE
       npm run bundle -- --warm CACHE --out DIR

  IMAGE         ${imageNames.join(', ')}
  --out DIR     where its programs go, made anew; default .flotilla/bundles/IMAGE
  --release V   the version in its bill of materials, such as 1.4.0; default 0.0.0
  --measure     also tells how fast each program is ready, and with how much memory
  --stack       reads text with stack traces of the image, and tells it with places in the source
  --warm CACHE  bundles nothing: runs what is in DIR, so that Node's compile cache of it is in CACHE`

/** The command line is wrong. */
class UsageError extends Error {}

async function main(args: readonly string[]): Promise<void> {
  const { name, values } = read(args)
  // In an image there is no esbuild, so what needs it is imported by those who do.
  if (values.warm !== undefined) return warm(resolve(values.out ?? '.'), resolve(values.warm))
  const image = imageCalled(name)
  const folder = resolve(values.out ?? join('.flotilla', 'bundles', image))
  if (values.stack) {
    const { inSource } = await import('./stack.ts')
    process.stdout.write(await inSource(image, await text(process.stdin)))
    return
  }
  const { bundle } = await import('./bundle.ts')
  const { files, packages } = await bundle(image, folder, values.release)
  const sizes = Object.entries(files).map(([file, bytes]) => `${file} ${(bytes / 1e6).toFixed(1)} MB`)
  console.log(`${relative('.', folder) || '.'}: ${sizes.join(', ')}; ${packages} packages`)
  if (!values.measure) return
  const { measure, lineOf } = await import('./measure.ts')
  for (const surroundings of ['laptop', 'azure'] as const) {
    console.log(surroundings === 'laptop' ? 'as on a laptop' : 'as in Azure')
    for (const each of await measure({ image, folder, surroundings, environment: process.env }))
      console.log(`  ${lineOf(each)}`)
  }
}

function read(args: readonly string[]) {
  const flag = { type: 'boolean' } as const
  const path = { type: 'string' } as const
  const options = { out: path, release: path, measure: flag, stack: flag, warm: path, help: flag }
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
  const [name, ...more] = positionals
  if (values.help) throw new UsageError('')
  if (more.length > 0) throw new UsageError(`one image at a time: ${more.join(' ')} is too much`)
  return { name, values }
}

function imageCalled(name: string | undefined): ImageName {
  const image = imageNames.find((it) => it === name)
  if (image !== undefined) return image
  throw new UsageError(name === undefined ? 'which image?' : `there is no image called ${name}`)
}

/** Node keeps its cache for the one user who runs it; what is in an image is read by whoever runs that. */
async function warm(folder: string, cache: string): Promise<void> {
  const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string }
  const image = imageCalled(name.replace('@flotilla/', ''))
  // What is compiled then is kept, so it had better be what is used where start time counts.
  const options = { image, folder, surroundings: 'azure', environment: { NODE_COMPILE_CACHE: cache } } as const
  for await (const { program, readyMs } of trials(options)) console.log(`${program}: ready in ${readyMs.toFixed(0)} ms`)
  if (!existsSync(cache)) throw new Error(`Node kept no compile cache in ${cache}`)
  for (const entry of readdirSync(cache, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  console.error(isUsage ? `${(error as Error).message}\n\n${usage}`.trimStart() : `bundle: ${(error as Error).message}`)
  process.exitCode = isUsage ? 2 : 1
}
