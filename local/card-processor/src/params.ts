import { invalid, missingParameter, unknownParameters } from './refusals.ts'

/**
 * A form-encoded body or query as Stripe's clients write it: `a=1`, `a[b]=1`, `a[]=1`, `a[0]=1`. Reading a parameter makes it
 * known; `finish` refuses what nobody has read.
 */
export class Params {
  readonly #values = new Map<string, string[]>()
  readonly #unread = new Set<string>()

  constructor(form: string) {
    for (const [name, value] of new URLSearchParams(form)) {
      const key = name.startsWith('metadata[') ? name : name.replace(/\[\d*\]$/, '')
      this.#values.set(key, [...(this.#values.get(key) ?? []), value])
      this.#unread.add(key)
    }
  }

  /** Undefined when absent; an empty value is refused, as Stripe does where a value cannot be unset. */
  text(name: string, maxLength = 5000): string | undefined {
    const values = this.list(name)
    if (!values) return undefined
    const [value] = values
    if (values.length > 1) throw invalid(`Invalid string: {${values.length} values}`, name)
    if (!value) {
      const message = `You passed an empty string for '${name}'. You should remove '${name}' from your request or supply a non-empty value.`
      throw invalid(message, name, 'parameter_invalid_empty')
    }
    if (value.length > maxLength) throw invalid(`Invalid string: must be at most ${maxLength} characters`, name)
    return value
  }

  list(name: string): string[] | undefined {
    this.#unread.delete(name)
    return this.#values.get(name)
  }

  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw missingParameter(name)
    return value
  }

  integer(name: string, min: number, max: number, tooLarge?: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^-?\d+$/.test(value)) throw invalid(`Invalid integer: ${value}`, name, 'parameter_invalid_integer')
    const number = Number(value)
    if (number < min) {
      throw invalid(`This value must be greater than or equal to ${min}.`, name, 'parameter_invalid_integer')
    }
    if (number > max) throw invalid(`This value must be less than or equal to ${max}.`, name, tooLarge)
    return number
  }

  boolean(name: string): boolean | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (value === 'true' || value === 'false') return value === 'true'
    throw invalid(`Invalid boolean: ${value}`, name)
  }

  oneOf<const T extends string>(name: string, values: T[]): T | undefined {
    const value = this.text(name)
    if (value === undefined || values.includes(value as T)) return value as T | undefined
    throw invalid(`Invalid ${name}: must be one of ${values.join(', ')}`, name)
  }

  /** Stripe's limits: 50 keys of 40 characters, values of 500. */
  metadata(): Record<string, string> {
    const metadata: Record<string, string> = {}
    for (const [name, values] of this.#values) {
      const [, key] = /^metadata\[(.*)\]$/.exec(name) ?? []
      if (key === undefined) continue
      this.#unread.delete(name)
      if (!/^[^[\]]{1,40}$/.test(key))
        throw invalid('Metadata keys have 1 to 40 characters and no square brackets.', name)
      const value = values.at(-1) ?? ''
      if (value.length > 500) throw invalid('Metadata values can have up to 500 characters.', name)
      if (value) metadata[key] = value
    }
    if (Object.keys(metadata).length > 50) throw invalid('You can have up to 50 metadata keys.', 'metadata')
    return metadata
  }

  finish(): void {
    if (this.#unread.size > 0) throw unknownParameters([...this.#unread])
  }
}
