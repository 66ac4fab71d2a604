/** What the load is told, as JSON in its first argument. */
export interface LoadPlan {
  /** Who gives tokens. */
  readonly identity: string
  /** What the door is called in the report. */
  readonly door: string
  /** Where orders are placed. */
  readonly url: string
  readonly perSecond: number
  /** It ends by itself after so many orders. */
  readonly most: number
  /** Orders to place, in turn. */
  readonly orders: readonly unknown[]
}
