/** T-SQL as a row of words: enough to tell what a batch does to transactions and tables, not a parser of the language. */

export interface Token {
  /** `word`: a keyword or name, also in brackets or double quotes, or a number; `string`: a literal; `mark`: one other character. */
  readonly kind: 'word' | 'string' | 'mark'
  /** Without brackets and quotes. */
  readonly text: string
  /** In small letters, for comparisons; of a quoted name the name, with a leading space: it is no keyword. */
  readonly key: string
  /** From 1. */
  readonly line: number
}

const patterns = {
  blank: /\s+|--[^\n]*/y,
  string: /N?'(?:[^']|'')*'/iy,
  quoted: /\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*"/y,
  word: /[\p{L}\d_@#$]+/uy,
}

/** Comments are left out; `/*` may stand in another, as in T-SQL. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let line = 1
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(sql)?.[0]
  }
  const pass = (text: string) => {
    at += text.length
    line += text.split('\n').length - 1
  }
  while (at < sql.length) {
    const blank = sql.startsWith('/*', at) ? commentAt(sql, at) : take(patterns.blank)
    if (blank !== undefined) {
      pass(blank)
      continue
    }
    const { text, token } = tokenAt(sql, at, line, take)
    tokens.push(token)
    pass(text)
  }
  return tokens
}

function commentAt(sql: string, start: number): string {
  let depth = 0
  let at = start
  do {
    const open = sql.startsWith('/*', at)
    if (open) depth += 1
    else if (sql.startsWith('*/', at)) depth -= 1
    at += open || sql.startsWith('*/', at) ? 2 : 1
  } while (depth > 0 && at < sql.length)
  return sql.slice(start, at)
}

function tokenAt(sql: string, at: number, line: number, take: (pattern: RegExp) => string | undefined) {
  const string = take(patterns.string)
  if (string !== undefined) {
    const text = string.slice(string.indexOf("'") + 1, -1).replaceAll("''", "'")
    return { text: string, token: { kind: 'string', text, key: '', line } satisfies Token }
  }
  const quoted = take(patterns.quoted)
  if (quoted !== undefined) {
    const end = quoted.at(-1) as string
    const text = quoted.slice(1, -1).replaceAll(end + end, end)
    return { text: quoted, token: { kind: 'word', text, key: ` ${text.toLowerCase()}`, line } satisfies Token }
  }
  const word = take(patterns.word)
  if (word !== undefined)
    return { text: word, token: { kind: 'word', text: word, key: word.toLowerCase(), line } satisfies Token }
  const text = sql[at] as string
  return { text, token: { kind: 'mark', text, key: text, line } satisfies Token }
}

export interface Wrong {
  readonly what: string
  readonly mend: string
}

/** Why a file of migrations is not a single batch that leaves its transaction alone; undefined when it is one. */
export function notOneBatch(sql: string): Wrong | undefined {
  const tokens = tokensOf(sql)
  for (const [index, { key, line }] of tokens.entries()) {
    const next = tokens[index + 1]
    const isAlone = tokens[index - 1]?.line !== line && (next?.line !== line || /^\d+$/.test(next.key))
    if (key === 'go' && isAlone) {
      const mend = "a file is one batch: put what comes after it into a file of its own, or into EXEC (N'...')"
      return { what: `has GO on line ${line}, which only clients know`, mend }
    }
    const begins = (key === 'begin' || key === 'save') && /^(tran|transaction|distributed)$/.test(next?.key ?? '')
    if (begins || key === 'commit' || key === 'rollback') {
      const said = begins ? `${key} ${next?.key}` : key
      const mend = 'leave it out: the runner begins and ends the transaction'
      return { what: `says ${said.toUpperCase()} on line ${line}`, mend }
    }
  }
  return undefined
}
