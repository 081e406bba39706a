import type { Duplex } from 'node:stream'
import type { Logger } from '@posthouse/mail-log'

/** Each costs an open file. */
const MAX_WAITING = 100

/**
 * Serves the clients of one service side by side, as many as it may have processes in master.cf.
 * Others wait for their turn, first come, first served, as they would for a process of master(8).
 * Whoever serves a client has to see that its connection ends.
 */
export class Turns<Client extends Duplex> {
  readonly #service: string
  readonly #log: Logger
  readonly #waiting: (() => void)[] = []
  #served = 0
  #limit = 1
  #isFull = false

  /** @param service Its name, for the log. */
  constructor(service: string, log: Logger) {
    this.#service = service
    this.#log = log
  }

  /**
   * Has a client served, now or later.
   *
   * @param limit How many at a time, from now on; at least 1.
   */
  take(client: Client, limit: number, serve: (client: Client) => void): void {
    this.#limit = limit
    if (this.#waiting.length >= MAX_WAITING) this.#turnAway(client)
    else {
      client.on('error', ignore) // It has gone; its turn is that of the next.
      this.#waiting.push(() => {
        client.off('error', ignore)
        if (!client.destroyed) this.#start(client, serve)
      })
      this.#startNext()
    }
  }

  #start(client: Client, serve: (client: Client) => void): void {
    this.#served += 1
    client.once('close', () => {
      this.#served -= 1
      this.#isFull = false
      this.#startNext()
    })
    serve(client)
  }

  #startNext(): void {
    while (this.#served < this.#limit && this.#waiting.length > 0) this.#waiting.shift()?.()
  }

  #turnAway(client: Client): void {
    client.destroy()
    if (this.#isFull) return
    this.#isFull = true
    const state = `${this.#served} clients served, ${MAX_WAITING} waiting`
    this.#log.warning(`service ${this.#service}: ${state}: others are turned away`)
  }
}

function ignore(): void {
  // There is nobody to tell.
}
