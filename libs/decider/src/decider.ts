/**
 * The shape every domain has: pure functions from state and command to events, and from state and event to state.
 * After Jérémie Chassaing's decider pattern; the style follows emmett.
 */

export type Decision<Event, Refusal> =
  | { readonly accepted: true; readonly events: readonly Event[] }
  | { readonly accepted: false; readonly refusal: Refusal }

export interface Decider<State, Command, Event, Refusal> {
  /** Refuses requests, never news: an event from elsewhere that comes late, early or twice is accepted. */
  readonly decide: (state: State, command: Command) => Decision<Event, Refusal>
  /** Never refuses: the event already happened. */
  readonly evolve: (state: State, event: Event) => State
}

/** Names one row of one service: `<kind>:<id>`, for instance `order:0190…` or `item:TEA-1`. */
export type Key = string

export const keyOf = (kind: string, id: string): Key => `${kind}:${id}`
export const kindOf = (key: Key): string => key.slice(0, key.indexOf(':'))
export const idOf = (key: Key): string => key.slice(key.indexOf(':') + 1)

/**
 * Which rows a command reads and may change, and how the decider's state is made of them.
 * A decider over one row is `single`; stock, where one reservation takes several items, composes its own.
 */
export interface Scope<State, Command, Row> {
  /** The first key is the command's home: its events are numbered and remembered there. */
  readonly keys: (command: Command) => readonly [Key, ...Key[]]
  readonly compose: (row: (key: Key) => Row | undefined, command: Command) => State
  /** Every row the state is made of; those that are no longer the same object are saved. */
  readonly decompose: (state: State, command: Command) => Iterable<readonly [Key, Row]>
}

/** The scope of a decider whose state is one row. */
export function single<State, Command>(key: (command: Command) => Key, initial: State): Scope<State, Command, State> {
  return {
    keys: (command) => [key(command)],
    compose: (row, command) => row(key(command)) ?? initial,
    decompose: (state, command) => [[key(command), state]],
  }
}
