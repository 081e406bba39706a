import type { Clock } from './clock.ts'

// Date.now has no fraction and performance.now never jumps. Together they tell the time in
// microseconds, and follow the machine's clock when it is set.
const MAX_DRIFT_MS = 2
let offsetMs = performance.timeOrigin

function now(): number {
  const wall = Date.now()
  const elapsed = performance.now()
  if (Math.abs(offsetMs + elapsed - wall) > MAX_DRIFT_MS) offsetMs = wall - elapsed
  return offsetMs + elapsed
}

/**
 * The time of this machine, in microsecond steps. Its timers do not keep the process alive: a
 * mail system ends when its last socket closes, not when its last retry is due.
 */
export const systemClock: Clock = {
  now,
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
