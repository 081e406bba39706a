import type { Clock } from './clock.ts'
import { afterLong } from './long-timers.ts'

// Date.now has no fraction and performance.now never jumps. Together they tell the time in
// microseconds, and follow the machine's clock when it is set. That is looked at once in a
// millisecond: under load the time is asked for twenty times as often.
const MAX_DRIFT_MS = 2
const CHECK_MS = 1
/** A second is not much of this. */
const LONG_MS = 60_000
const monotonic = performance // Of the global object it is a getter, to be called each time.
let offsetMs = monotonic.timeOrigin
let checkedMs = Number.NEGATIVE_INFINITY

function now(): number {
  const elapsed = monotonic.now()
  if (elapsed - checkedMs >= CHECK_MS) {
    checkedMs = elapsed
    const wall = Date.now()
    if (Math.abs(offsetMs + elapsed - wall) > MAX_DRIFT_MS) offsetMs = wall - elapsed
  }
  return offsetMs + elapsed
}

/**
 * The time of this machine, in microsecond steps. Its timers do not keep the process alive: a
 * mail system ends when its last socket closes, not when its last retry is due.
 */
export const systemClock: Clock = {
  now,
  after(delayMs, fn) {
    if (delayMs >= LONG_MS) return afterLong(delayMs, fn)
    const timer = setTimeout(fn, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
