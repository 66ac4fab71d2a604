import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, resolve } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { billOfMaterials, licenceTexts } from './bill.ts'
import { fileOf, type ImageName, imageOf, migrationFolders } from './images.ts'
import { packagesIn } from './packages.ts'

export const root = resolve(import.meta.dirname, '../../..')

/** Packages that their users do without when they are missing: colours for `debug`, Negotiate for a proxy. */
const dispensable = ['supports-color', 'kerberos']

/** For the CommonJS packages in a bundle, which ask for Node's own modules at run time. */
const requireForCommonJs =
  "import { createRequire as createRequireOfBundle } from 'node:module';const require = createRequireOfBundle(import.meta.url);"

/**
 * Azure's packages come twice, as ES modules and as CommonJS. The SQL driver asks for the second of what the services import as the first;
 * one of each is enough, and a tenth of a second less.
 */
const azureOnce: Plugin = {
  name: 'azure-once',
  setup(building) {
    building.onResolve({ filter: /^@azure\// }, ({ path, kind, importer, resolveDir }) =>
      kind === 'require-call' ? building.resolve(path, { kind: 'import-statement', importer, resolveDir }) : undefined,
    )
  },
}

/**
 * One ES module per program, with everything in it. What the source imports dynamically (the SDK of OpenTelemetry, database drivers, the
 * Azure identity) stays as lazy as it is there. Names are kept, so that a stack trace can be read; only white space goes.
 */
export const buildOptions = (entry: string): BuildOptions => ({
  absWorkingDir: root,
  entryPoints: [entry],
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  minifyWhitespace: true,
  keepNames: true,
  legalComments: 'none',
  banner: { js: requireForCommonJs },
  external: dispensable,
  plugins: [azureOnce],
  metafile: true,
  logLevel: 'silent',
})

export interface Bundled {
  /** Sizes in bytes by file name. */
  readonly files: Readonly<Record<string, number>>
  /** How many packages of others are in it. */
  readonly packages: number
}

/**
 * Writes what an image has to `out`, which is made anew: the programs, the migrations of a SQL service, a bill of materials of the packages
 * that are in the programs, and their licences. The same source and version give the same bytes. Throws when a program would miss a package.
 */
export async function bundle(name: ImageName, out: string, version = '0.0.0'): Promise<Bundled> {
  const { programs, migrations } = imageOf(name)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const files: Record<string, number> = {}
  const inputs = new Set<string>()
  for (const [program, entry] of Object.entries(programs)) {
    const outfile = join(resolve(out), fileOf(program))
    const { metafile } = await build({ ...buildOptions(entry), metafile: true, outfile })
    refuseMissing(program, metafile)
    for (const { inputs: parts, bytes } of Object.values(metafile.outputs)) {
      files[fileOf(program)] = bytes
      for (const [part, { bytesInOutput }] of Object.entries(parts)) if (bytesInOutput > 0) inputs.add(part)
    }
  }
  for (const [to, from] of Object.entries(migrations === undefined ? {} : migrationFolders(migrations)))
    cpSync(join(root, from), join(out, to), { recursive: true })
  if (programs.main === undefined) writeFileSync(join(out, fileOf('main')), signpost(name, Object.keys(programs)))
  writeFileSync(
    join(out, 'package.json'),
    `${JSON.stringify({ name: `@flotilla/${name}`, version, type: 'module' })}\n`,
  )
  const packages = packagesIn(root, inputs)
  writeFileSync(join(out, 'bom.cdx.json'), `${JSON.stringify(billOfMaterials(name, version, packages), null, 1)}\n`)
  writeFileSync(join(out, 'THIRD-PARTY-LICENSES.txt'), licenceTexts(packages))
  return { files, packages: packages.length }
}

function refuseMissing(program: string, { outputs }: Metafile) {
  const known = [...builtinModules, ...dispensable]
  const imports = Object.values(outputs).flatMap((output) => output.imports)
  const missing = imports.filter(({ path }) => !path.startsWith('node:') && !known.includes(path))
  if (missing.length === 0) return
  const named = [...new Set(missing.map(({ path }) => path))].join(', ')
  throw new Error(`${program} would miss ${named} in its image: bundle it, or name it as dispensable if it is`)
}

/** What an image of several programs runs when none is named. */
const signpost = (name: string, programs: readonly string[]) =>
  `process.stderr.write(${JSON.stringify(
    `${name}: name one of its programs: ${programs.map((it) => `/app/${fileOf(it)}`).join(', ')}\n`,
  )});process.exitCode = 2\n`
