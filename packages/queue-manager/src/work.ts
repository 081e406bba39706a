/** Counts what is under way, in all and for each message. */
export class Work {
  readonly #whenDone: (id: string) => void
  readonly #ofMessage = new Map<string, number>()
  #count = 0
  #idle: (() => void) | undefined

  /** @param whenDone Told when nothing is under way for a message any more. */
  constructor(whenDone: (id: string) => void) {
    this.#whenDone = whenDone
  }

  /** @param id of the message whose file or recipients are worked on, if it is one. */
  begin(id?: string): void {
    this.#count += 1
    if (id !== undefined) this.#ofMessage.set(id, (this.#ofMessage.get(id) ?? 0) + 1)
  }

  end(id?: string): void {
    if (id !== undefined) {
      const left = (this.#ofMessage.get(id) ?? 0) - 1
      if (left > 0) this.#ofMessage.set(id, left)
      else {
        this.#ofMessage.delete(id)
        this.#whenDone(id)
      }
    }
    this.#count -= 1
    if (this.#count === 0) this.#idle?.()
  }

  /** Whether something is under way for a message. */
  has(id: string): boolean {
    return this.#ofMessage.has(id)
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#count > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
  }
}
