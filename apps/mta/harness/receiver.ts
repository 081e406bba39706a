import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A copy of a message in a mailbox. */
export interface ReceivedMail {
  readonly recipient: string
  /** One octet a character, lines end with LF: with what the receiver put before it. */
  readonly content: string
}

/**
 * A mail server that delivers into mailboxes. It takes mail for everybody but `refused@…`, of up
 * to 2 MB, with STARTTLS.
 */
export interface Receiver {
  readonly port: number
  /** Of the same server, where it does not offer PIPELINING. */
  readonly portWithoutPipelining: number
  received(): readonly ReceivedMail[]
  /** For the one who looks for a fault. */
  logText(): string
  stop(): Promise<void>
}

export const SIZE_LIMIT: number = 2 * 1024 * 1024

const RECIPIENT = /^(?:Envelope-to|Delivered-To): (.*)$/m

/** The maildirs below a directory. */
export class Maildirs {
  readonly #directory: string
  readonly #read = new Map<string, ReceivedMail>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** All mail so far; the header that the receiver added names the recipient. */
  received(): ReceivedMail[] {
    for (const entry of readdirSync(this.#directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || !entry.parentPath.endsWith('/new') || this.#read.has(path)) continue
      const content = readFileSync(path, 'latin1')
      this.#read.set(path, { recipient: RECIPIENT.exec(content)?.[1] ?? 'nobody', content })
    }
    return [...this.#read.values()]
  }
}
