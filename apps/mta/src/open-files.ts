import { readdirSync, readFileSync } from 'node:fs'

import type { Logger } from '@posthouse/mail-log'

const NEARLY_ALL = 0.9

/** How many files and sockets this process may have open. Undefined: any number, or unknown. */
export function openFileLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
    return limit === undefined ? undefined : Number(limit)
  } catch {
    return undefined // Not Linux.
  }
}

/**
 * Warns when nearly all files that may be open are. Node closes clients without a word when there
 * is no file left for them, so nothing else would tell.
 */
export class OpenFileWatch {
  readonly #log: Logger
  #limit: number | undefined
  #isTold = false

  constructor(log: Logger) {
    this.#log = log
    this.#limit = openFileLimit()
  }

  /** Call from time to time. Warns once, and again after it was better in between. */
  check(): void {
    this.#limit = openFileLimit() ?? this.#limit // To read it takes a file as well.
    const limit = this.#limit
    if (limit === undefined) return
    const open = countOpen(limit)
    const isFull = open >= NEARLY_ALL * limit
    if (isFull && !this.#isTold) {
      const remedy = 'raise that limit ("ulimit -n", LimitNOFILE of systemd)'
      this.#log.warning(
        `${open} of ${limit} open files are in use: clients are turned away without a reply and` +
          ` deliveries are put off when there are none left; ${remedy}`,
      )
    }
    this.#isTold = isFull
  }
}

function countOpen(limit: number): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return limit // Even this needs one.
  }
}
