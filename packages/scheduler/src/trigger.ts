import type { ScanRequest } from './scan-flags.ts'
import type { ScannedQueue } from './scan-turns.ts'

/** What one trigger asks for. */
export interface Trigger extends Readonly<Record<ScannedQueue, ScanRequest>> {
  /** Everything dead is to have another chance at once: `reviveAll` (S-81). */
  readonly flush: boolean
}

/**
 * Reads a trigger: one write to the socket of the queue manager, of which each byte is a request.
 * Their order does not matter, nor how often each is there; unknown ones are ignored.
 *
 * Source: S-36; qmgr(8), TRIGGERS: `I` and `W` incoming, `D` deferred, `A` all, `F` flush dead.
 */
export function readTrigger(bytes: Uint8Array): Trigger {
  const has = (letter: string) => bytes.includes(letter.charCodeAt(0))
  const flush = has('F')
  const modifiers = { ignoreStamps: has('A'), overrideDefer: flush }
  return {
    flush,
    incoming: { ...modifiers, start: has('I') || has('W') },
    deferred: { ...modifiers, start: has('D'), whole: has('D') },
  }
}
