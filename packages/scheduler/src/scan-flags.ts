/** What is asked of the scans of one queue (S-36). */
export interface ScanRequest {
  readonly start?: boolean
  /** Take what has to wait for its time, too. */
  readonly ignoreStamps?: boolean
  /** Deliver over transports that are set aside, too: `defer_transports`. */
  readonly overrideDefer?: boolean
  /** Look at everything, not only at what is known to be due. A scan that runs goes on as it is. */
  readonly whole?: boolean
}

type Flags = Required<ScanRequest>

const NONE: Flags = { start: false, ignoreStamps: false, overrideDefer: false, whole: false }

/**
 * The requests for scans of one queue, of which one runs at a time: any number of requests during a
 * scan start one more. What a request changes holds for the scan that runs, and for the next.
 *
 * Flags only: the caller scans while `running`, and says when that has come to its `end`.
 *
 * Source: S-37, S-38 of spec/queue-manager.md; qmgr(8), TRIGGERS.
 */
export class ScanFlags {
  #running = NONE
  #pending = NONE

  /** A scan has not come to its end. */
  get running(): boolean {
    return this.#running.start
  }

  get ignoreStamps(): boolean {
    return this.#running.ignoreStamps
  }

  /** To be copied to each message that is admitted, with which it stays (S-39). */
  get overrideDefer(): boolean {
    return this.#running.overrideDefer
  }

  get whole(): boolean {
    return this.#running.whole
  }

  /** Starts a scan, or sees to it that one follows. */
  request(request: ScanRequest): void {
    this.#pending = union(this.#pending, request)
    if (!this.running) this.#startPending()
    else this.#running = union(this.#running, { ...request, start: false, whole: false })
  }

  /** The scan is over, whether it looked at everything or was given up. */
  end(): void {
    this.#running = NONE
    this.#startPending()
  }

  #startPending(): void {
    if (!this.#pending.start) return
    this.#running = this.#pending
    this.#pending = NONE
  }
}

function union(flags: Flags, request: ScanRequest): Flags {
  return {
    start: flags.start || request.start === true,
    ignoreStamps: flags.ignoreStamps || request.ignoreStamps === true,
    overrideDefer: flags.overrideDefer || request.overrideDefer === true,
    whole: flags.whole || request.whole === true,
  }
}
