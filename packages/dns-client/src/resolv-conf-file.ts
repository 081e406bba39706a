import { readFileSync, statSync } from 'node:fs'

import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import { parseResolvConf, type ResolvConf } from './resolv-conf.ts'

// A change is seen within this time; a question costs no look at the file in between.
const CHECK_MS = 1000

/** A file in the form of resolv.conf(5) that is read again when it has changed. */
export class ResolvConfFile {
  readonly #path: string
  readonly #clock: Clock
  readonly #log: Logger
  #checkAtMs = Number.NEGATIVE_INFINITY
  #version = ''
  #current = parseResolvConf('')

  /** @param path For the system's own, `/etc/resolv.conf`. */
  constructor(path: string, clock: Clock, log: Logger) {
    this.#path = path
    this.#clock = clock
    this.#log = log
  }

  /**
   * What the file says; the same object until it changes. Without a file, a server on this host is
   * asked. One that cannot be read is logged once, and what it said before stays in force.
   */
  read(): ResolvConf {
    const now = this.#clock.now()
    if (now < this.#checkAtMs) return this.#current
    this.#checkAtMs = now + CHECK_MS
    try {
      this.#refresh()
    } catch (error) {
      this.#complain(error)
    }
    return this.#current
  }

  #refresh(): void {
    const status = statSync(this.#path, { throwIfNoEntry: false })
    const version =
      status === undefined ? 'none' : `${status.ino} ${status.size} ${status.mtimeMs} ok`
    if (version === this.#version) return
    const text = status === undefined ? '' : readFileSync(this.#path, 'utf8')
    this.#version = version
    this.#current = parseResolvConf(text)
  }

  #complain(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    if (reason !== this.#version) this.#log.warning(`name servers stay as they were: ${reason}`)
    this.#version = reason
  }
}
