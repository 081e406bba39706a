import { ConfigError, explainError } from '@posthouse/config'
import type { Logger } from '@posthouse/mail-log'

import type { Configuration } from './load-configuration.ts'

/** What a reload is made of. */
export interface ReloadSteps {
  /** The new configuration, checked. Rejects if it is broken. */
  readonly load: () => Promise<Configuration>
  /** Puts it in force. Rejects if that cannot be done, and nothing has changed then. */
  readonly apply: (configuration: Configuration) => Promise<void>
  /** Logged when it is in force. */
  readonly done: string
}

/**
 * Reads the configuration again on request (G-81). A broken one is logged, and the old one stays.
 * One at a time: all requests while one is under way are one more after it, so that the last state
 * of the files counts.
 */
export class Reloader {
  readonly #steps: ReloadSteps
  readonly #log: Logger
  #requested = false
  #running = false
  #ended = false

  constructor(steps: ReloadSteps, log: Logger) {
    this.#steps = steps
    this.#log = log
  }

  request(): void {
    this.#requested = true
    if (!this.#running) void this.#run()
  }

  /** No more: the program ends. */
  end(): void {
    this.#ended = true
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#requested && !this.#ended) {
      this.#requested = false
      await this.#reload()
    }
    this.#running = false
  }

  async #reload(): Promise<void> {
    const { load, apply, done } = this.#steps
    try {
      const configuration = await load()
      for (const warning of configuration.warnings) this.#log.warning(warning)
      for (const notice of configuration.notices) this.#log.info(notice)
      if (this.#ended) return
      await apply(configuration)
      if (!this.#ended) this.#log.info(done)
    } catch (error) {
      this.#refuse(error)
    }
  }

  #refuse(error: unknown): void {
    if (error instanceof ConfigError) {
      for (const warning of error.warnings) this.#log.warning(warning)
    }
    this.#log.error(`reload: ${error instanceof Error ? error.message : error}`)
    const place = error instanceof ConfigError ? explainError(error) : undefined
    if (place !== undefined) this.#log.error(`reload: ${place}`)
    this.#log.error('reload: the old configuration stays in force')
  }
}
