import { decodeAddress } from '@posthouse/mail-address'

import { addressesIn } from './address-arguments.ts'
import type { TextPiece } from './message-lines.ts'

/** How recipients are looked for in the header. */
export interface HeaderRecipientsOptions {
  /** `header_size_limit`: bytes of a header that are looked at. */
  readonly headerSizeLimit: number
  /** `header_address_token_limit`: addresses behind so many tokens of a header are lost. */
  readonly headerAddressTokenLimit: number
}

const HEADER = /^([!-9;-~]+)[ \t]*:/
const RECIPIENTS = new Set(['to', 'cc', 'bcc'])
const RESENT = new Set(['resent-to', 'resent-cc', 'resent-bcc'])
const BLANK = /^[ \t]/

/** Finds the recipients in the header of a message, for `-t`. Memory is one header. */
export class HeaderRecipients {
  readonly #options: HeaderRecipientsOptions
  readonly #found: string[] = []
  readonly #resent: string[] = []
  #isResent = false
  #header = ''
  #isContinued = false
  #isOver = false

  constructor(options: HeaderRecipientsOptions) {
    this.#options = options
  }

  /** Takes the next piece of the message. */
  push({ bytes, isEndOfLine }: TextPiece): void {
    if (this.#isOver) return
    const text = bytes.toString('latin1')
    if (this.#isContinued) this.#append(text)
    else if (BLANK.test(text) && this.#header !== '') this.#append(`\n${text}`)
    else {
      this.#finishHeader()
      this.#isOver = !HEADER.test(text)
      if (!this.#isOver) this.#append(text)
    }
    this.#isContinued = !isEndOfLine
  }

  /** Ends the message. @returns those of `Resent-` headers only, once one has been seen. */
  finish(): readonly string[] {
    this.#finishHeader()
    return this.#isResent ? this.#resent : this.#found
  }

  #append(text: string): void {
    this.#header += text.slice(0, this.#options.headerSizeLimit - this.#header.length)
  }

  #finishHeader(): void {
    const [start = '', field = ''] = HEADER.exec(this.#header) ?? []
    const name = field.toLowerCase()
    const value = decodeAddress(Buffer.from(this.#header.slice(start.length), 'latin1'))
    this.#header = ''
    const list = RESENT.has(name) ? this.#resent : RECIPIENTS.has(name) ? this.#found : undefined
    if (list === this.#resent) this.#isResent = true
    list?.push(...addressesIn(value, this.#options.headerAddressTokenLimit))
  }
}
