/** One second between deliveries to a destination makes it busy enough to keep sessions open. */
export const RECENT_MS = 1000

/** Whether a delivery may take its session from the connection cache, and leave it there. */
export interface Reuse {
  readonly load: boolean
  readonly store: boolean
}

// One is said for each delivery: they are made once.
export const NO_REUSE: Reuse = { load: false, store: false }
const LOAD: Reuse = { load: true, store: false }
const LOAD_AND_STORE: Reuse = { load: true, store: true }

/**
 * What the next delivery to a destination may do (S-89).
 *
 * @param last What the last one might.
 * @param isRecent One ended within the last second.
 * @param isAlone No other one is under way.
 */
export function nextReuse(last: Reuse, isRecent: boolean, isAlone: boolean): Reuse {
  if (isRecent) return LOAD_AND_STORE
  return isAlone && last.store ? LOAD : last
}
