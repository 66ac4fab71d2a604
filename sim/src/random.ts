/** Chance from a seed: the same seed and name give the same draws, whatever else is drawn (sfc32). */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, name: string) {
    this.#a = hash(name, seed | 0)
    this.#b = hash(name, Math.floor(seed / 2 ** 32) ^ 0x9e3779b9)
    this.#c = hash(name, 0x85ebca6b)
    for (let round = 0; round < 12; round += 1) this.next()
  }

  /** 0 <= x < 1 */
  next = (): number => {
    const t = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t
    return (t >>> 0) / 4_294_967_296
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** From `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  /** Mostly near `low`, seldom near `high`: each tenfold is as likely as the next. */
  skewed(low: number, high: number): number {
    return low * (high / low) ** this.next()
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[Math.floor(this.next() * choices.length)]
    if (choice === undefined) throw new RangeError('there is nothing to pick from')
    return choice
  }
}

/** FNV-1a */
function hash(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ seed
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value
}
