const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const

/** Standard input of a tool that leaves nothing behind when a signal ends it. */
export class MessageInput implements AsyncIterable<Uint8Array> {
  readonly #errorOf: (text: string) => Error
  #ended: Error | undefined

  /** @param errorOf What is thrown to the reader of the input after a signal. */
  constructor(errorOf: (text: string) => Error) {
    this.#errorOf = errorOf
  }

  /** From now on a signal ends the input and not the process: a message that was read stays. */
  heedSignals(): void {
    process.stdin.on('error', () => undefined) // Whoever reads is told, or nobody reads yet.
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        this.#ended ??= this.#errorOf(`ended by ${signal}`)
        process.stdin.destroy(this.#ended)
      })
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of process.stdin) yield chunk
    } catch (error) {
      throw this.#ended ?? error
    }
    if (this.#ended !== undefined) throw this.#ended
  }
}
