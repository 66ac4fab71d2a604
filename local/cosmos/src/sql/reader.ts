import { notSupported, syntaxError, type Token, tokenize } from './token.ts'

/** Words that cannot name anything. */
const reserved = new Set(
  'SELECT VALUE DISTINCT TOP FROM WHERE AND OR NOT IN BETWEEN LIKE ESCAPE IS NULL UNDEFINED TRUE FALSE AS JOIN ORDER BY ASC DESC OFFSET LIMIT GROUP HAVING EXISTS ARRAY UDF UNION RANK'.split(
    ' ',
  ),
)

/** Walks over the words of a query. */
export class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string) {
    this.#tokens = tokenize(text)
  }

  /** The word in front, or one further on. */
  peek(ahead = 0): Token {
    return (this.#tokens[this.#at + ahead] ?? this.#tokens.at(-1)) as Token
  }

  next(): Token {
    const token = this.peek()
    this.#at += 1
    return token
  }

  isWord(word: string, ahead = 0): boolean {
    const { kind, text } = this.peek(ahead)
    return kind === 'name' && text.toUpperCase() === word
  }

  takesWord(word: string): boolean {
    if (!this.isWord(word)) return false
    this.#at += 1
    return true
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const { kind, text } = this.peek(ahead)
    return kind === 'symbol' && text === symbol
  }

  takesSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false
    this.#at += 1
    return true
  }

  needsWord(word: string): void {
    if (!this.takesWord(word)) throw this.unexpected()
  }

  needsSymbol(symbol: string): void {
    if (!this.takesSymbol(symbol)) throw this.unexpected()
  }

  /** A name that is no keyword. */
  needsName(): string {
    const { kind, text } = this.peek()
    if (kind !== 'name' || reserved.has(text.toUpperCase())) throw this.unexpected()
    this.#at += 1
    return text
  }

  isName(): boolean {
    const { kind, text } = this.peek()
    return kind === 'name' && !reserved.has(text.toUpperCase())
  }

  needsEnd(): void {
    if (this.peek().kind !== 'end') throw this.unexpected()
  }

  unexpected() {
    const { kind, text, start, end } = this.peek()
    return syntaxError(kind === 'end' ? 'unexpected end of the query' : `incorrect syntax near '${text}'`, start, end)
  }

  unsupported(what: string) {
    const { start, end } = this.peek()
    return notSupported(what, start, end)
  }
}
