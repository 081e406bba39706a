import { statfs } from 'node:fs/promises'
import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { QmqpReply } from '@posthouse/qmqp-server'

const CHECK_MS = 1000
const SHORT: QmqpReply = { kind: 'temporary', text: 'Error: insufficient system storage' }
const NO_FILE: QmqpReply = { kind: 'temporary', text: 'Error: queue file write error' }

/** The blocks of a file system, as statfs(2) tells. */
export interface Blocks {
  readonly bsize: number
  /** Free for users other than root. */
  readonly bavail: number
}

export interface FreeSpaceOptions {
  readonly directory: string
  /** `queue_minfree`; 0: there is no such limit. */
  readonly minFreeBytes: number
  /** `message_size_limit`. */
  readonly messageSizeLimit: number
  readonly clock: Clock
  readonly log: Logger
  /** Looks at the file system; statfs(2) if not given. */
  readonly blocksOf?: (directory: string) => Promise<Blocks>
}

/**
 * Tells clients to come again while the disk of the queue has no more than `queue_minfree` bytes
 * left (F-19). Looks at most once a second, and only when a client asks. Postfix has this for SMTP
 * only.
 */
export class FreeSpace {
  readonly #options: FreeSpaceOptions
  #checkedMs = Number.NEGATIVE_INFINITY
  #isShort = false
  #checking: Promise<void> | undefined

  constructor(options: FreeSpaceOptions) {
    this.#options = options
    const { minFreeBytes, messageSizeLimit, log } = options
    if (minFreeBytes > 0 && messageSizeLimit > 0 && minFreeBytes / 1.5 < messageSizeLimit) {
      log.warning(
        `queue_minfree(${minFreeBytes}) should be at least ` +
          `1.5*message_size_limit(${messageSizeLimit})`,
      )
    }
  }

  /**
   * What to tell a client that cannot hand in mail now.
   *
   * @param store Somebody waits for it to make a file: others need not.
   */
  refusal(store: {
    readonly isWaitingForDisk: boolean
  }): QmqpReply | undefined | Promise<QmqpReply | undefined> {
    if (store.isWaitingForDisk) return NO_FILE
    const { minFreeBytes, clock } = this.#options
    if (minFreeBytes <= 0) return undefined
    if (clock.now() - this.#checkedMs < CHECK_MS) return this.#reply
    this.#checking ??= this.#check()
    return this.#checking.then(() => this.#reply)
  }

  get #reply(): QmqpReply | undefined {
    return this.#isShort ? SHORT : undefined
  }

  async #check(): Promise<void> {
    const { directory, minFreeBytes, clock, log, blocksOf = statfs } = this.#options
    const was = this.#isShort
    try {
      const { bsize, bavail } = await blocksOf(directory)
      this.#isShort = bavail <= Math.floor(minFreeBytes / bsize)
      if (this.#isShort && !was) {
        const free = `${bavail * bsize} bytes <= queue_minfree (${minFreeBytes} bytes)`
        log.warning(`not enough free space in mail queue: ${free}`)
      }
      if (was && !this.#isShort) log.info('enough free space in mail queue again')
    } catch (error) {
      this.#isShort = false // The disk itself will tell.
      log.warning(`cannot tell the free space of ${directory}: ${error}`)
    }
    this.#checkedMs = clock.now()
    this.#checking = undefined
  }
}
