import { writeFileSync } from 'node:fs'
import { stale } from './generated.ts'

/** Makes what is not as its source says. Returns the files. */
export function write(): string[] {
  return stale().map(({ file, content }) => {
    writeFileSync(file, content)
    return file
  })
}
