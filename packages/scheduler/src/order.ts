import type { Destination } from './destination.ts'

/** What waits for one destination; an order keeps it in the shape that it needs. */
export interface Todo {
  /** Entries waiting. */
  readonly length: number
}

/** The entry whose turn it is. */
export interface Taken<Entry, T extends Todo> {
  readonly entry: Entry
  readonly destination: Destination<Entry, T>
}

/**
 * In what order the entries of one transport go: all in which the two schedulers differ. Limits,
 * windows, the dead and the delayed are the business of `TransportTable`.
 */
export interface Order<Entry, T extends Todo> {
  /** Whether some destination has both an entry that waits and room for it. */
  readonly ready: boolean
  createTodo(): T
  /** Takes out the entry whose turn it is; undefined if there is none now. Call when ready. */
  take(nowMs: number): Taken<Entry, T> | undefined
  /** Takes out all that waits for a destination, in its order: it died. */
  drop(destination: Destination<Entry, T>): Entry[]
  /** What waits for a destination has changed, or whether it has room. */
  update(destination: Destination<Entry, T>): void
}
