/** Word after `status=` (G-163). */
export type DeliveryAction =
  | 'sent'
  | 'deferred'
  | 'bounced'
  | 'SOFTBOUNCE'
  | 'deliverable'
  | 'undeliverable'
  | 'filtered'

/** When a message passed its stations, in ms since 1970; absent if it did not reach them. */
export interface DeliveryTimes {
  /** Start of the transaction that received the message. */
  readonly arrivalMs: number
  /** It became active, for the latest time. */
  readonly activeMs?: number | undefined
  /** It was handed to the delivery agent. */
  readonly handoffMs?: number | undefined
  /** The session was ready for it. */
  readonly setupDoneMs?: number | undefined
  readonly doneMs: number
}

/** One recipient's line of the log. Addresses as they are to appear (`info_log_address_format`). */
export interface DeliveryLogRecord {
  readonly queueId: string
  readonly recipient: string
  /** As it was received; shown when it is not empty and differs, letter case aside. */
  readonly originalRecipient?: string | undefined
  /** `name[address]:port`, `none`, `local`, … */
  readonly relay: string
  /** Deliveries over the session, this one included; shown from 2 on. */
  readonly connUse?: number | undefined
  readonly times: DeliveryTimes
  /** How the connection was to be protected, and was (C-107); shown if there is any. */
  readonly tls?: string | undefined
  /** Enhanced status code, `X.Y.Z`. */
  readonly status: string
  readonly action: DeliveryAction
  /** Reason or reply; may hold anything, the mail log makes it printable. */
  readonly text: string
}

/**
 * The line that log analysers parse (G-163, S-92, C-104):
 *
 * `QID: to=<R>, orig_to=<O>, relay=H[A]:p, conn_use=N, delay=D, delays=a/b/c/d, tls=T, dsn=X.Y.Z,
 * status=sent (text)`
 *
 * @param resolutionLimit `delay_logging_resolution_limit`, 0 to 6.
 */
export function formatDelivery(record: DeliveryLogRecord, resolutionLimit = 2): string {
  const { queueId, recipient, relay, connUse = 1, times, tls, status } = record
  const original = showsOriginal(record) ? `, orig_to=<${record.originalRecipient}>` : ''
  const reuse = connUse > 1 ? `, conn_use=${connUse}` : ''
  const protection = tls === undefined ? '' : `, tls=${tls}`
  return (
    `${queueId}: to=<${recipient}>${original}, relay=${relay}${reuse}` +
    `, ${formatDelays(times, resolutionLimit)}` +
    `${protection}, dsn=${status}, status=${record.action} (${record.text})`
  )
}

/**
 * A time span as in `delay=` (S-93, C-105): two significant digits, not finer than
 * 10^-`resolutionLimit` s; whole seconds from 10 s on; half up; no trailing zeros. Below 0 is `0`.
 *
 * @param resolutionLimit `delay_logging_resolution_limit`, 0 to 6.
 */
export function formatDelay(seconds: number, resolutionLimit = 2): string {
  // Whole microseconds, because halves must round up exactly: 1.05 s is 1.1, though the nearest
  // binary fraction lies above or below.
  const micros = Math.round(seconds * 1e6)
  if (!(micros > 0)) return '0'
  const step = resolution(micros, resolutionLimit)
  return String((Math.floor((micros + step / 2) / step) * step) / 1e6)
}

// Microseconds, for each `delay_logging_resolution_limit`.
const FINEST_STEPS = [1e6, 1e5, 1e4, 1e3, 100, 10, 1]

function resolution(micros: number, limit: number): number {
  if (limit === 0 || micros >= 10e6) return 1e6
  if (micros >= 1e6) return 1e5
  let step = FINEST_STEPS[limit]!
  while (micros >= 100 * step) step *= 10
  return step
}

/** The parts of `delays=` in their order, and `delay=`: ms, negative where a clock went back. */
export function deliverySpansMs(times: DeliveryTimes): {
  readonly delayMs: number
  readonly partsMs: readonly [number, number, number, number]
} {
  const { arrivalMs, doneMs } = times
  const activeMs = times.activeMs ?? doneMs
  const handoffMs = times.handoffMs ?? doneMs
  const setupDoneMs = times.setupDoneMs ?? handoffMs
  return {
    delayMs: doneMs - arrivalMs,
    partsMs: [
      activeMs - arrivalMs,
      handoffMs - activeMs,
      setupDoneMs - handoffMs,
      doneMs - setupDoneMs,
    ],
  }
}

/** Whether the original recipient is to be seen: it is known and another address. */
export function showsOriginal({ originalRecipient, recipient }: DeliveryLogRecord): boolean {
  if (!originalRecipient || originalRecipient === recipient) return false
  return originalRecipient.toLowerCase() !== recipient.toLowerCase()
}

function formatDelays(times: DeliveryTimes, limit: number): string {
  const { delayMs, partsMs } = deliverySpansMs(times)
  const text = (spanMs: number) => formatDelay(spanMs / 1000, limit)
  const [active, handoff, setup, delivery] = partsMs
  const parts = `${text(active)}/${text(handoff)}/${text(setup)}/${text(delivery)}`
  return `delay=${text(delayMs)}, delays=${parts}`
}
