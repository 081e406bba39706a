/** A message that work is done for. */
export interface Worked {
  readonly id: string
  /** How much of that is under way; nobody else writes it. */
  underWay: number
}

/** Counts what is under way, in all and for each message. */
export class Work {
  readonly #whenDone: (id: string) => void
  readonly #ofFile = new Map<string, number>()
  #count = 0
  #idle: (() => void) | undefined

  /** @param whenDone Told when nothing is under way for a message, or for a file, any more. */
  constructor(whenDone: (id: string) => void) {
    this.#whenDone = whenDone
  }

  /** @param of The message that is worked for; or the id of its file, if it is not in memory. */
  begin(of?: Worked | string): void {
    this.#count += 1
    if (typeof of === 'string') this.#ofFile.set(of, (this.#ofFile.get(of) ?? 0) + 1)
    else if (of !== undefined) of.underWay += 1
  }

  end(of?: Worked | string): void {
    if (typeof of === 'string') this.#endFile(of)
    else if (of !== undefined) {
      of.underWay -= 1
      if (of.underWay === 0) this.#whenDone(of.id)
    }
    this.#count -= 1
    if (this.#count === 0) this.#idle?.()
  }

  /** Whether something is under way for a file. */
  has(id: string): boolean {
    return this.#ofFile.has(id)
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#count > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
  }

  #endFile(id: string): void {
    const left = (this.#ofFile.get(id) ?? 0) - 1
    if (left > 0) {
      this.#ofFile.set(id, left)
      return
    }
    this.#ofFile.delete(id)
    this.#whenDone(id)
  }
}
