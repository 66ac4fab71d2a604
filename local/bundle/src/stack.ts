import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { buildOptions, root } from './bundle.ts'
import { fileOf, type ImageName, imageOf } from './images.ts'

/**
 * A text with stack traces of an image, such as lines of a log, with each place in a bundle replaced by the place in the source. The image
 * must be of this source: its label `org.opencontainers.image.revision` says which.
 */
export async function inSource(name: ImageName, text: string): Promise<string> {
  let told = text
  for (const [program, entry] of Object.entries(imageOf(name).programs)) {
    const file = fileOf(program)
    const place = new RegExp(`(?:file://)?[^\\s"'()]*/${file.replace('.', '\\.')}:(\\d+):(\\d+)`, 'g')
    if (!place.test(told)) continue
    const map = await sourceMap(entry, file)
    told = told.replace(place, (bundled, line: string, column: string) => sourceOf(map, +line, +column) ?? bundled)
  }
  return told
}

async function sourceMap(entry: string, file: string): Promise<SourceMap> {
  const outfile = join(root, file)
  const { outputFiles } = await build({ ...buildOptions(entry), outfile, write: false, sourcemap: 'external' })
  const map = outputFiles.find(({ path }) => path.endsWith('.map'))
  if (!map) throw new Error(`esbuild made no source map of ${entry}`)
  return new SourceMap(JSON.parse(map.text))
}

function sourceOf(map: SourceMap, line: number, column: number): string | undefined {
  const entry = map.findEntry(line - 1, column - 1)
  if (!('originalSource' in entry)) return undefined
  return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
}
