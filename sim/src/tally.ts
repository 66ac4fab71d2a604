/** How often each thing happened: faults that struck, paths that orders took. */
export class Tally {
  readonly counts: Record<string, number> = {}

  add(name: string, times = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + times
  }
}
