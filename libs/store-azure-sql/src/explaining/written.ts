import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Explained } from './explained.ts'

/**
 * The T-SQL that a file and what it imports from its own package write, and that none of the statements has in it: a test that misses
 * a statement finds it here.
 */
export function unsent(file: string, explained: readonly Explained[]): string[] {
  const sent = explained.map(({ sql }) => sql)
  return sources(file)
    .flatMap(written)
    .filter((text) => {
      const pattern = patternOf(text)
      return !sent.some((sql) => pattern.test(sql))
    })
}

/** The texts of a file and of all that it imports by a relative path, types aside, without their comments. */
function sources(file: string): string[] {
  const found: string[] = []
  const files = new Set([file])
  // The set grows while it is walked.
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .replaceAll(/^\s*\/\/.*$/gm, '')
    for (const [, path = ''] of text.matchAll(/^import (?!type )[^']*'(\.[^']+)'/gm))
      files.add(resolve(dirname(file), path))
    found.push(text)
  }
  return found
}

const literal = /`((?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\})*)`|'((?:[^'\\\n]|\\.)*)'/g
const sql = /^\s*(?:WITH|SELECT|INSERT|UPDATE|DELETE|WHERE|DECLARE|IF|BEGIN|COMMIT|END|SET)\b/
/** Parameters of SQLite, whose statements may stand in the same file. */
const ofSqlite = /[\s(]:[a-z]/

const written = (text: string): string[] =>
  [...text.matchAll(literal)]
    .map(([, template, string]) => template ?? string ?? '')
    .filter((each) => sql.test(each) && !ofSqlite.test(each))

/** What is put in stands for anything. */
function patternOf(text: string): RegExp {
  const parts = text.split(/\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}/).map((part) => RegExp.escape(part))
  return new RegExp(parts.join('[\\s\\S]*?'))
}
