import type { QmqpReadPhase, QmqpRequestLimits } from '../src/index.ts'

/** How the bytes ended: not at all yet, at end of file, or with a time limit. */
export type Ending = 'more' | 'eof' | 'timeout'

class Stop extends Error {
  readonly outcome: string

  constructor(outcome: string) {
    super(outcome)
    this.outcome = outcome
  }
}

/**
 * What rules say about a request, by looking at all of
 * it at once. Written without a look at `QmqpRequestReader`, to be compared with it.
 *
 * @param text The bytes as latin1.
 */
export function expectedOutcome(text: string, limits: QmqpRequestLimits, ending: Ending): string {
  try {
    return new Reference(text, limits, ending).request()
  } catch (error) {
    if (error instanceof Stop) return error.outcome
    throw error
  }
}

class Reference {
  #rest: string
  readonly #limits: QmqpRequestLimits
  readonly #ending: Ending
  #where: QmqpReadPhase = 'receiving QMQP packet header'

  constructor(text: string, limits: QmqpRequestLimits, ending: Ending) {
    this.#rest = text
    this.#limits = limits
    this.#ending = ending
  }

  request(): string {
    const { messageSizeLimit, lineLengthLimit, verpDelimiterFilter } = this.#limits
    this.#length(0)
    this.#where = 'receiving message content'
    const content = this.#netstring(messageSizeLimit)
    this.#where = 'receiving sender address'
    const sender = this.#netstring(lineLengthLimit).replace(/\0.*/s, '')
    this.#where = 'receiving recipient address'
    const recipients: string[] = []
    while (this.#rest[0] !== ',') recipients.push(this.#netstring(lineLengthLimit))

    const verp = /^([^@]+)([^@])(@.+)-@\[\]$/s.exec(sender)
    const second = verp?.[2] ?? '='
    if (!verpDelimiterFilter.includes(second)) return 'refused: VERP'
    const size = recipients.reduce((sum, { length }) => sum + length + 2, 0)
    if (messageSizeLimit > 0 && size > messageSizeLimit) return 'refused: size'
    const addresses = [verp ? `${verp[1]}${verp[3]}` : sender, ...recipients]
    return complete(content, addresses, verp ? `${second}=` : '')
  }

  #netstring(limit: number): string {
    const length = this.#length(limit)
    if (this.#rest.length < length) this.#short('lost connection', 'read/write timeout')
    const payload = this.#rest.slice(0, Number(length))
    this.#rest = this.#rest.slice(payload.length)
    const comma = this.#rest[0]
    if (comma === undefined) this.#noComma()
    if (comma !== ',') this.#stop('netstring format error', true)
    this.#rest = this.#rest.slice(1)
    return payload
  }

  #length(limit: number): bigint {
    const digits = /^[0-9]*/.exec(this.#rest)![0]
    const value = BigInt(digits || '0')
    if (value > 2n ** 63n - 1n) this.#stop('netstring length exceeds storage limit', true)
    this.#rest = this.#rest.slice(digits.length)
    if (this.#rest === '') this.#short('lost connection', 'read/write timeout')
    if (this.#rest[0] !== ':') this.#stop('netstring format error', true)
    this.#rest = this.#rest.slice(1)
    if (limit > 0 && value > limit) this.#stop('netstring length exceeds storage limit', true)
    return value
  }

  #noComma(): never {
    if (this.#ending === 'eof') this.#stop('netstring format error', true)
    return this.#short('', 'netstring format error')
  }

  #short(atEof: string, atTimeout: string): never {
    if (this.#ending === 'more') throw new Stop('more')
    return this.#stop(this.#ending === 'eof' ? atEof : atTimeout, false)
  }

  #stop(what: string, answered: boolean): never {
    throw new Stop(`${answered ? 'answered' : 'silent'}: ${what} while ${this.#where}`)
  }
}

/** The outcome of a request that was read whole; addresses as latin1, perhaps with NUL. */
export function complete(content: string, addresses: readonly string[], verp: string): string {
  const cut = addresses.map((address) => address.replace(/\0.*/s, ''))
  return `complete: ${JSON.stringify([content, cut, verp])}`
}
