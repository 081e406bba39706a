import {
  decodeAddress,
  encodeAddress,
  mapExternalAddresses,
  rewriteAddressList,
} from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'

import { TableError } from './errors.ts'
import type { SmtpDelivery } from './request.ts'

/**
 * What `smtp_generic_maps` has for an address in internal form, complete: the first address goes
 * out instead; undefined: it stays. Throws, or rejects, where that cannot be told.
 */
export type GenericMap = (address: string) => Mapped | Promise<Mapped>
type Mapped = readonly [string, ...string[]] | undefined

const LF = 0x0a

/** Addresses of this system become those that the world knows, on the wire only (C-172). */
export class GenericMapping {
  readonly #map: GenericMap
  readonly #name: string
  readonly #log: Logger

  /** @param name The parameter. */
  constructor(map: GenericMap, name: string, log: Logger) {
    this.#map = map
    this.#name = name
    this.#log = log
  }

  /** The delivery with the addresses that go out. @throws {TableError} as a rejection */
  async envelope(delivery: SmtpDelivery): Promise<SmtpDelivery> {
    const sender = await this.address(delivery.sender)
    const recipients = []
    for (const recipient of delivery.recipients) {
      recipients.push({ ...recipient, address: await this.address(recipient.address) })
    }
    return { ...delivery, sender, recipients }
  }

  /** The address that goes out instead. @throws {TableError} as a rejection */
  async address(address: string): Promise<string> {
    return (address === '' ? undefined : await this.#lookup(address)) ?? address
  }

  /**
   * A header with the addresses that go out; written anew if one is in the map (C-173).
   *
   * @param header With its last line end.
   * @param colon Its offset.
   * @throws {TableError} as a rejection
   */
  async header(header: Buffer, colon: number): Promise<Buffer> {
    const end = header.at(-1) === LF ? header.length - 1 : header.length
    const name = `${decodeAddress(header.subarray(0, colon))}:`
    const value = decodeAddress(header.subarray(colon + 1, end))
    const tooMuch = (start: string): void =>
      this.#log.warning(`stripping too many comments from address: ${start}...`)
    const rewritten = await rewriteAddressList(name, value, { tooMuch }, async (addresses) => {
      let isFound = false
      const mapped = await mapExternalAddresses(addresses, async (address) => {
        const found = await this.#lookup(address)
        isFound ||= found !== undefined
        return found
      })
      return isFound ? mapped : undefined
    })
    return rewritten === undefined ? header : encodeAddress(`${rewritten}\n`)
  }

  async #lookup(address: string): Promise<string | undefined> {
    try {
      const found = await this.#map(address)
      if (found === undefined) return undefined
      if (found.length > 1) {
        this.#log.warning(`multi-valued ${this.#name} result for ${address}`)
      }
      return found[0]
    } catch (error) {
      const problem = `${this.#name} map lookup problem`
      this.#log.fatal(`${problem} for ${address}`)
      throw new TableError(problem, { cause: error })
    }
  }
}
