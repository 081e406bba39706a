import type { Suspension } from './destination.ts'

/**
 * What a delivery says of its destination (S-69):
 * - `answered`: reached, whatever became of the recipients; the window may grow.
 * - `neutral`: every recipient is final, but the destination had its faults; nothing changes.
 * - `blamed`: connection or handshake failed; the window shrinks, or the destination is dead.
 * - `lost`: the agent gave no answer. Counts as `blamed` with 4.3.0 `unknown mail transport error`.
 * - `unreachable`: there was no agent to give the job to. The whole transport is dead (S-80).
 */
export type DeliveryResult =
  | { readonly kind: 'answered' | 'neutral' | 'lost' }
  | { readonly kind: 'blamed' | 'unreachable'; readonly status: string; readonly reason: string }

// S-69 prescribes it for an agent that died.
const LOST = { status: '4.3.0', reason: 'unknown mail transport error' }
const STATUS = /^[245]\.\d{1,3}\.\d{1,3}$/

/** What is remembered of a destination that this result killed. */
export function suspensionOf(result: DeliveryResult): Suspension {
  const { status, reason } = result.kind === 'blamed' ? result : LOST
  return {
    status: STATUS.test(status) ? status : '4.0.0',
    reason: `delivery temporarily suspended: ${reason === '' ? 'unknown error' : reason}`,
  }
}
