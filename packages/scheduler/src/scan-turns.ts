/** A queue that is scanned for what to admit: what is new, and what had to wait. */
export type ScannedQueue = 'incoming' | 'deferred'

/**
 * Whose turn it is to admit something. While there is room, the scans of both queues take turns;
 * while there is none, what is new comes first, as often as there is room for one again.
 *
 * Turns only: how much room there is (`qmgr_message_active_limit`, S-12) is the caller's to say.
 * Try the scan that has the `turn`, for one file; then tell what came of it.
 *
 * Source: S-13.
 */
export class ScanTurns {
  #turn: ScannedQueue = 'incoming'
  #isSecond = false

  /** The scan to try now. */
  get turn(): ScannedQueue {
    return this.#turn
  }

  /**
   * The scan that had the turn was tried. What it skipped takes no turn from the other one, which
   * is tried in the same pass.
   *
   * @param hasRoom There is room for one more now, after what was admitted.
   * @returns whether the pass is over: each was tried, something was admitted, or there is no room.
   */
  tried(isAdmitted: boolean, hasRoom: boolean): boolean {
    const isOver = isAdmitted || this.#isSecond || !hasRoom
    this.#turn = hasRoom ? other(this.#turn) : 'incoming'
    this.#isSecond = !isOver
    return isOver
  }
}

function other(queue: ScannedQueue): ScannedQueue {
  return queue === 'incoming' ? 'deferred' : 'incoming'
}
