const MICROSECONDS = 1_000_000

/** The payload of a `T` record, in microseconds: `SECONDS MICROSECONDS`, neither padded (F-36). */
export function formatTime(timeMs: number): string {
  const microseconds = Math.round(timeMs * 1000)
  const seconds = Math.floor(microseconds / MICROSECONDS)
  return `${seconds} ${microseconds - seconds * MICROSECONDS}`
}

/** Seconds, as `create_time` and `W` have them. */
export function formatSeconds(timeMs: number): string {
  return String(Math.floor(timeMs / 1000))
}

/**
 * Reads seconds, and microseconds where they follow, as milliseconds since 1970. Undefined when
 * there is no number; below 0 where the number is.
 */
export function parseTimeMs(text: string): number | undefined {
  const [, seconds, microseconds = '0'] = /^\s*(-?\d{1,15})(?:\s+(\d{1,6}))?/.exec(text) ?? []
  if (seconds === undefined) return undefined
  return (Number(seconds) * MICROSECONDS + Number(microseconds)) / 1000
}
