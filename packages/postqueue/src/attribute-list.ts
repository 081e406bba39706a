import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

import { PostqueueError } from './errors.ts'

const MAX_STRING_BYTES = 1024 * 1024

/** A list of names and values between programs of Postfix: each ended by NUL, and so the list. */
export function encodeAttributes(
  fields: readonly (readonly [name: string, value: string])[],
): Buffer {
  return encodeAddress(`${fields.map(([name, value]) => `${name}\0${value}\0`).join('')}\0`)
}

/** @param server Which sent what makes no sense. */
export function malformed(server: string): PostqueueError {
  return new PostqueueError('protocol', `malformed ${server} server response`)
}

/**
 * Reads the strings of such lists from a stream. Each is limited to 1 MB.
 *
 * Methods reject with a {@link PostqueueError} `protocol`.
 */
export class AttributeReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #server: string
  #rest: Buffer = Buffer.alloc(0)
  #at = 0

  /** @param server Whose words they are, for the error. */
  constructor(chunks: AsyncIterable<Uint8Array>, server: string) {
    this.#server = server
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next string: a name, a value, or the empty name at the end of a list. */
  async next(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(0, this.#at)
      if (end >= 0) {
        const text = decodeAddress(this.#rest.subarray(this.#at, end))
        this.#at = end + 1
        return text
      }
      const left = this.#rest.subarray(this.#at)
      const { done, value } = await this.#chunks.next()
      if (done === true || left.length > MAX_STRING_BYTES) throw malformed(this.#server)
      this.#rest = Buffer.concat([left, value])
      this.#at = 0
    }
  }

  /** The value of the attribute that has to come now. */
  async value(name: string): Promise<string> {
    if ((await this.next()) !== name) throw malformed(this.#server)
    return this.next()
  }

  /** What every server says first. */
  async protocol(name: string): Promise<void> {
    const isRight = (await this.value('protocol')) === name && (await this.next()) === ''
    if (!isRight) throw malformed(this.#server)
  }

  /** Ends the stream. */
  async return(): Promise<void> {
    await this.#chunks.return?.()
  }
}
