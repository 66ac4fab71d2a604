import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package of somebody else that is in a bundle. */
export interface Package {
  readonly name: string
  readonly version: string
  /** As an SPDX expression; undefined where the package does not say. */
  readonly license: string | undefined
  /** Texts that its licence asks to be kept: LICENSE, NOTICE and the like. */
  readonly texts: readonly string[]
}

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly license?: string
  /** As packages said it before `license` was an SPDX expression. */
  readonly licenses?: readonly { readonly type?: string }[]
}

const legal = /^(licen[cs]e|copying|notice)([.-].*)?$/i

/** The packages that these files (relative to `root`) belong to, each version once, by name. */
export function packagesIn(root: string, files: Iterable<string>): Package[] {
  const folders = new Set<string>()
  for (const file of files) {
    const [folder] = ofPackage.exec(file) ?? []
    if (folder !== undefined) folders.add(join(root, folder))
  }
  const found = new Map<string, Package>()
  for (const folder of folders) {
    const { name, version, licenses, license = licenses?.[0]?.type } = manifestOf(folder)
    if (!name || !version) throw new Error(`${folder}/package.json has no name or no version: it cannot be listed`)
    const texts = readdirSync(folder).filter((file) => legal.test(file))
    found.set(`${name}@${version}`, {
      name,
      version,
      license,
      texts: texts.toSorted().map((file) => readFileSync(join(folder, file), 'utf8')),
    })
  }
  return [...found.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, it]) => it)
}

const ofPackage = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/

const manifestOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
