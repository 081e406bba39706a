/** First number of a status code (RFC 3463 2): success, transient or permanent failure. */
export type StatusClass = '2' | '4' | '5'

/** A reason text, taken apart. */
export interface StatusReason {
  /** `X.Y.Z` */
  readonly status: string
  /** What follows it, without the blanks between. */
  readonly text: string
}

const STATUS = /^[245]\.\d{1,3}\.\d{1,3}$/
const LEADING_STATUS = /^[\t-\r ]*([245]\.\d{1,3}\.\d{1,3})(?:[\t-\r ]+|$)/

/** Whether `text` is an enhanced status code and nothing else: RFC 3463 2, class 2, 4 or 5. */
export function isStatus(text: string): boolean {
  return STATUS.test(text)
}

/**
 * The enhanced status code that `text` begins with, blanks before it skipped; undefined if there is
 * none. It must be followed by white space or by nothing: `5.1.1x` is not one.
 */
export function parseStatus(text: string): string | undefined {
  return LEADING_STATUS.exec(text)?.[1]
}

/** The same subject and detail in another class: `withClass('5.1.1', '4')` is `4.1.1`. */
export function withClass(status: string, statusClass: StatusClass): string {
  return status.startsWith(statusClass) ? status : statusClass + status.slice(1)
}

/**
 * `status` if it belongs to the class, else `X.0.0`: a bounce with status 4.2.1 says no more than
 * that it is a bounce (S-91).
 */
export function statusOfClass(status: string, statusClass: StatusClass): string {
  return isStatus(status) && status.startsWith(statusClass) ? status : `${statusClass}.0.0`
}

/**
 * Takes a status code off the start of a reason, as in the next hop `5.1.1 no such user` of the
 * transports `error` and `retry` (S-95).
 *
 * @param defaultStatus Status of a reason that does not begin with one: 4.0.0 for retry, 5.0.0 for
 * error.
 */
export function splitReason(text: string, defaultStatus: string): StatusReason {
  const [start, status] = LEADING_STATUS.exec(text) ?? []
  if (start === undefined || status === undefined) return { status: defaultStatus, text }
  return { status, text: text.slice(start.length) }
}
