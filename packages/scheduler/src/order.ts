import type { Destination } from './destination.ts'
import type { Reuse } from './session-reuse.ts'
import type { Transport } from './transport.ts'

/** An entry that was taken out of its order. */
export interface Selected<D> {
  readonly to: D
  /** Its delivery begins. */
  begin(reuse: Reuse): void
}

/**
 * In what order the entries of one transport go: all in which the two schedulers differ. Limits,
 * windows, the dead and the delayed are the business of `TransportTable`.
 */
export interface Order<Entry extends Selected<D>, D extends Destination<Entry, D>> {
  /** Whether some destination has both an entry that waits and room for it. */
  readonly ready: boolean
  createDestination(name: string, transport: Transport<Entry, D>): D
  /** Takes out the entry whose turn it is; undefined if there is none now. Call when ready. */
  take(nowMs: number): Entry | undefined
  /** Takes out all that waits for a destination, in its order: it died. */
  drop(destination: D): Entry[]
  /** What waits for a destination has changed, or whether it has room. */
  update(destination: D): void
}
