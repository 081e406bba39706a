import type { EnvelopeRecipient, MessageEnvelope } from '@posthouse/queue-store'

/** F-40: an address probe of the mail system: nothing is delivered. */
export const MTA_PROBE = 256
/** F-40: `sendmail -bv`: nothing is delivered, each recipient is reported. */
export const USER_PROBE = 512
/** F-40: `sendmail -v`: each recipient is reported. */
export const RECORD = 1024
/** Those that ask for a report of each recipient. */
export const REPORT_FLAGS: number = USER_PROBE | RECORD

/** RFC 3461 NOTIFY, as in F-39. */
const NOTIFY_SUCCESS = 2
const NOTIFY_DELAY = 8

/** The `trace_flags` that a message came with. */
export function traceFlagsOf({ attributes }: MessageEnvelope): number {
  const text = attributes.get('trace_flags')
  return text === undefined ? 0 : Number(text) || 0
}

/** Whether its delivery is to be reported (RFC 3461 4.1). */
export function wantsSuccess({ notify }: EnvelopeRecipient): boolean {
  return (notify & NOTIFY_SUCCESS) !== 0
}

/** Whether the end of a delay that was told of is to be told, too (S-34). */
export function wantsDelayCleared({ notify }: EnvelopeRecipient): boolean {
  return notify === 0 || (notify & NOTIFY_DELAY) !== 0
}
