import type { Activation } from './activation.ts'
import type { Suspension } from './destination.ts'
import type { Reuse } from './session-reuse.ts'

/** What to do next. */
export type Decision<M, R> = Delivery<M, R> | Read<M, R>

/** Deliver to these recipients now. Give it back to `finish`, once. */
export interface Delivery<M, R> {
  readonly kind: 'deliver'
  readonly activation: Activation<M, R>
  readonly transport: string
  readonly destination: string
  readonly recipients: readonly R[]
  /** Whether the delivery may take its session from the cache, and leave it there (S-89). */
  readonly reuse: Reuse
}

/** Read the next recipients of a message, `add` them, and tell `loaded`. */
export interface Read<M, R> {
  readonly kind: 'read'
  readonly activation: Activation<M, R>
  /** Recipients to read at most. */
  readonly limit: number
}

/** A transport or destination just died, with all that waited for it, for the caller to defer. */
export interface SuspendedEntries<M, R> extends Suspension {
  readonly entries: readonly {
    readonly activation: Activation<M, R>
    readonly recipients: readonly R[]
  }[]
}
