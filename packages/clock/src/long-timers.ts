const STEP_MS = 1000
/** What a timer of Node takes. */
const MAX_DELAY_MS = 2 ** 31 - 1

interface LongTimer {
  readonly fn: () => void
  /** Where it is among those of the same second. */
  index: number
}

/** By the second in which they are due. */
const seconds = new Map<number, LongTimer[]>()

/**
 * Calls `fn` once, up to a second later than `delayMs` from now: those that are due in the same
 * second share a timer. Most of them are time limits, set and cancelled for each message.
 *
 * @returns cancels the call; harmless once it was made.
 */
export function afterLong(delayMs: number, fn: () => void): () => void {
  const second = Math.ceil((performance.now() + delayMs) / STEP_MS)
  const timers = seconds.get(second) ?? startSecond(second)
  const timer = { fn, index: timers.length }
  timers.push(timer)
  return () => {
    if (timers[timer.index] !== timer) return // It was called, or cancelled.
    const last = timers.pop()!
    if (last === timer) return
    timers[timer.index] = last
    last.index = timer.index
  }
}

function startSecond(second: number): LongTimer[] {
  const timers: LongTimer[] = []
  seconds.set(second, timers)
  const delayMs = Math.min(second * STEP_MS - performance.now(), MAX_DELAY_MS)
  const end = (): void => {
    seconds.delete(second)
    for (let timer = timers.pop(); timer !== undefined; timer = timers.pop()) timer.fn()
  }
  setTimeout(end, delayMs).unref()
  return timers
}
