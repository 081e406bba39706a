import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** One copy of a message that arrived, for one recipient. */
export interface Arrival {
  readonly recipient: string
  /** As it came over SMTP, dots and line ends undone: lines end with LF. */
  readonly content: Buffer
  readonly atMs: number
}

/** The code and text with which a recipient is refused. */
export interface Refusal {
  readonly code: number
  readonly text: string
}

export interface DestinationOptions {
  /** How long it thinks about each message that has arrived. */
  readonly answerAfterMs?: number
}

/** A real SMTP server that hands what it receives to `onArrival`. */
export class Destination {
  #server: SMTPServer | undefined
  readonly #onArrival: (arrival: Arrival) => void
  readonly #answerAfterMs: number
  #refuse: (recipient: string) => Refusal | undefined = () => undefined

  constructor(onArrival: (arrival: Arrival) => void, options: DestinationOptions = {}) {
    this.#onArrival = onArrival
    this.#answerAfterMs = options.answerAfterMs ?? 0
  }

  /** From now on asks this about each recipient. */
  refuse(decide: (recipient: string) => Refusal | undefined): void {
    this.#refuse = decide
  }

  /** @param port 0 for any. @returns the port, on 127.0.0.1. */
  listen(port = 0): Promise<number> {
    const server = this.#createServer()
    this.#server = server
    return new Promise((resolve, reject) => {
      // After that: sessions that a killed mail system leaves broken.
      server.on('error', reject)
      const listening = server.listen(port, '127.0.0.1', () => {
        resolve((listening.address() as AddressInfo).port)
      })
    })
  }

  /** Ends the sessions, too. `listen` starts it again. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) await new Promise<void>((resolve) => server.close(resolve))
  }

  #createServer(): SMTPServer {
    return new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      closeTimeout: 50,
      onRcptTo: ({ address }, _session, callback) => {
        const refusal = this.#refuse(address)
        if (refusal === undefined) return callback()
        callback(Object.assign(new Error(refusal.text), { responseCode: refusal.code }))
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const recipients = session.envelope.rcptTo.map(({ address }) => address)
          this.#arrive(recipients, Buffer.concat(chunks))
          if (this.#answerAfterMs === 0) callback()
          else setTimeout(callback, this.#answerAfterMs)
        })
      },
    })
  }

  #arrive(recipients: readonly string[], received: Buffer): void {
    const content = Buffer.from(received.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
    const atMs = performance.now()
    for (const recipient of recipients) this.#onArrival({ recipient, content, atMs })
  }
}
