/** Something with a place in the order of arrival. */
interface Numbered {
  readonly sequence: number
}

/**
 * Messages that wait, oldest first. What comes back (abandoned, lock expired) takes its old place. Entries that stopped
 * waiting are dropped when they are reached, or when they are more than half of the line, so that they hold no memory.
 */
export class Line<T extends Numbered> {
  readonly #waits: (entry: T) => boolean
  #arrivals: (T | undefined)[] = []
  #head = 0
  /** A binary heap by sequence. */
  readonly #returned: T[] = []
  #left = 0

  constructor(waits: (entry: T) => boolean) {
    this.#waits = waits
  }

  arrive(entry: T): void {
    this.#arrivals.push(entry)
  }

  /** An entry that is in the line no longer waits. */
  leave(): void {
    this.#left += 1
    if (this.#left > 64 && this.#left * 2 > this.#arrivals.length - this.#head + this.#returned.length) this.#tidy()
  }

  comeBack(entry: T): void {
    const heap = this.#returned
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((heap[parent] as T).sequence <= entry.sequence) break
      heap[at] = heap[parent] as T
      at = parent
    }
    heap[at] = entry
  }

  /** The oldest that waits, still in the line. */
  first(): T | undefined {
    const arrival = this.#firstArrival()
    const returned = this.#firstReturned()
    if (!arrival || !returned) return arrival ?? returned
    return arrival.sequence < returned.sequence ? arrival : returned
  }

  /** Takes out what `first` returned. */
  shift(): void {
    const entry = this.first()
    if (!entry) return
    if (entry === this.#returned[0]) this.#pop()
    else this.#skip()
  }

  #firstArrival(): T | undefined {
    for (;;) {
      const entry = this.#arrivals[this.#head]
      if (entry === undefined || this.#waits(entry)) return entry
      this.#left -= 1
      this.#skip()
    }
  }

  #firstReturned(): T | undefined {
    for (;;) {
      const entry = this.#returned[0]
      if (entry === undefined || this.#waits(entry)) return entry
      this.#left -= 1
      this.#pop()
    }
  }

  #skip(): void {
    this.#arrivals[this.#head] = undefined
    this.#head += 1
    if (this.#head === this.#arrivals.length) {
      this.#arrivals = []
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#arrivals.length) {
      this.#arrivals = this.#arrivals.slice(this.#head)
      this.#head = 0
    }
  }

  #pop(): void {
    const heap = this.#returned
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && (heap[child + 1] as T).sequence < (heap[child] as T).sequence) child += 1
      if ((heap[child] as T).sequence >= last.sequence) break
      heap[at] = heap[child] as T
      at = child
    }
    heap[at] = last
  }

  #tidy(): void {
    this.#arrivals = this.#arrivals.slice(this.#head).filter((entry) => entry !== undefined && this.#waits(entry))
    this.#head = 0
    const returned = this.#returned.splice(0).filter(this.#waits)
    for (const entry of returned) this.comeBack(entry)
    this.#left = 0
  }
}
