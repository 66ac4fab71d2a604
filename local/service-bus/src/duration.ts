/** ISO 8601 durations as Service Bus writes them: weeks, days, hours, minutes, seconds. Months and years have no fixed length. */
const pattern = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/

/** Service Bus's own "for ever": 10,675,199 days, the largest .NET TimeSpan. */
export const forever = 'P10675199DT2H48M5.4775807S'

/** Milliseconds, or undefined if the text is no such duration. */
export function parseDuration(text: string): number | undefined {
  const match = pattern.exec(text)
  if (!match || text === 'P' || text.endsWith('T')) return undefined
  const [, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match.map((part) => Number(part ?? 0))
  return Math.round(((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)
}

export function formatDuration(milliseconds: number): string {
  if (milliseconds === Number.POSITIVE_INFINITY) return forever
  const seconds = Math.floor(milliseconds / 1000)
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600) % 24, 'H'],
    [Math.floor(seconds / 60) % 60, 'M'],
    [(seconds % 60) + (milliseconds % 1000) / 1000, 'S'],
  ]
  const days = Math.floor(seconds / 86_400)
  const time = parts.flatMap(([amount, unit]) => (amount ? [`${amount}${unit}`] : [])).join('')
  const date = days ? `${days}D` : ''
  return date || time ? `P${date}${time ? `T${time}` : ''}` : 'PT0S'
}
