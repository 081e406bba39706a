// A spare one keeps no more places for recipients.
const MAX_SPARE_PLACES = 64

/**
 * Recipients that wait, first come, first served. Hundreds of thousands of these lines may wait,
 * most with one recipient: so one needs no array, deliveries are made when they are selected, and a
 * line that is over is used again, with its array.
 */
export abstract class WaitingRecipients<R> {
  /** The recipient, as long as there was only one; then `#end` is 0. */
  #only: R | undefined
  /** Else they are those from `#first` to `#end`; around them there is nothing. */
  #many: (R | undefined)[] | undefined
  #first = 0
  #end = 0

  /** How many recipients wait. */
  get count(): number {
    return this.#end === 0 ? 1 : this.#end - this.#first
  }

  protected startWith(recipient: R): void {
    this.#only = recipient
  }

  /** It is over; a spare one keeps no recipients in memory. */
  protected clear(): void {
    this.#only = undefined
    this.#first = this.#end = 0
    if (this.#many !== undefined && this.#many.length > MAX_SPARE_PLACES) this.#many = undefined
  }

  push(recipient: R): void {
    this.#many ??= []
    if (this.#end === 0) {
      this.#many[0] = this.#only
      this.#end = 1
    }
    this.#many[this.#end] = recipient
    this.#end += 1
  }

  /** Takes out the oldest, `limit` at most; 0 means all. */
  take(limit: number): R[] {
    const many = this.#many
    if (many === undefined || this.#end === 0) {
      this.#first = this.#end = 1
      return [this.#only as R] // It was given to `startWith`.
    }
    const from = this.#first
    const to = limit === 0 ? this.#end : Math.min(from + limit, this.#end)
    const taken = many.slice(from, to) as R[] // All these are there.
    // Not `fill`: for so few it takes longer than all else here.
    for (let i = from; i < to; i++) many[i] = undefined
    this.#first = to
    if (to < this.#end && 2 * to >= this.#end) this.#moveToFront(many)
    return taken
  }

  /** Or those to come would make it longer and longer. */
  #moveToFront(many: (R | undefined)[]): void {
    const { count } = this
    many.copyWithin(0, this.#first, this.#end)
    many.fill(undefined, count, this.#end)
    this.#first = 0
    this.#end = count
  }
}
