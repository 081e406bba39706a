import { decodeAddress, encodeAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'
import { findHeaderColon, type HeaderChecks } from '@posthouse/mime-stream'

import { TableError } from './errors.ts'

/** What a table, or several, have for a key. Throws, or rejects, where they cannot tell. */
export type ClientTable = (key: string) => string | undefined | Promise<string | undefined>

/**
 * What to do about headers and lines of the body on their way out (C-171): `ACTION text` for a
 * header, its lines joined by LF, or for a line of the body. Bytes that are not UTF-8 come as
 * `decodeAddress` of @posthouse/mail-address makes them a string.
 */
export interface SmtpContentChecks {
  /** `smtp_header_checks`. */
  readonly headerChecks: ClientTable | undefined
  /** `smtp_mime_header_checks`. */
  readonly mimeHeaderChecks: ClientTable | undefined
  /** `smtp_nested_header_checks`. */
  readonly nestedHeaderChecks: ClientTable | undefined
  /** `smtp_body_checks`. */
  readonly bodyChecks: ClientTable | undefined
}

type Place = HeaderChecks | 'body_checks'

const TABLES = {
  header_checks: 'headerChecks',
  mime_header_checks: 'mimeHeaderChecks',
  nested_header_checks: 'nestedHeaderChecks',
  body_checks: 'bodyChecks',
} as const satisfies Record<Place, keyof SmtpContentChecks>

const LF = Buffer.from('\n')
const SHOWN_BYTES = 200
const WORDS = /^(\S*)\s*([\s\S]*)$/
const HEADER = 'need "headername: headervalue"'

/** Asks the tables about the content of one message, and does what they say. */
export class ContentInspector {
  readonly #checks: SmtpContentChecks
  readonly #queueId: string
  readonly #log: Logger

  constructor(checks: SmtpContentChecks, queueId: string, log: Logger) {
    this.#checks = checks
    this.#queueId = queueId
    this.#log = log
  }

  /** Whether there is anybody to ask. */
  asks(place: Place): boolean {
    return this.#checks[TABLES[place]] !== undefined
  }

  /**
   * What to send for a header or a line.
   *
   * @param text without its last line end.
   * @param raw the same as it goes out.
   */
  async inspect(place: Place, text: Buffer, raw: Buffer): Promise<readonly Buffer[]> {
    const shown = text.includes(0) ? text.subarray(0, text.indexOf(0)) : text
    const result = shown.length === 0 ? undefined : await this.#lookup(place, shown)
    return result === undefined ? [raw] : this.#act(result, place, shown, raw)
  }

  async #lookup(place: Place, text: Buffer): Promise<string | undefined> {
    try {
      return await this.#checks[TABLES[place]]?.(decodeAddress(text))
    } catch (error) {
      const queueId = this.#queueId
      const kind = place === 'body_checks' ? 'body' : 'header'
      this.#log.warning(`${queueId}: smtp ${kind} checks lookup error`, { queueId })
      throw new TableError('a table cannot tell', { cause: error })
    }
  }

  #act(result: string, place: Place, shown: Buffer, raw: Buffer): readonly Buffer[] {
    const [, word = '', text = ''] = WORDS.exec(result) ?? []
    const action = word.toLowerCase()
    const line = Buffer.concat([encodeAddress(text), LF])
    switch (action) {
      case 'dunno':
      case 'ok':
        return [raw]
      case 'ignore':
        return []
      case 'strip':
        this.#tell(action, place, shown, text)
        return []
      case 'info':
      case 'warn':
        this.#tell(action === 'warn' ? 'warning' : action, place, shown, text)
        return [raw]
      case 'prepend':
      case 'replace': {
        if (!this.#isUsable(action, place, text)) return [raw]
        this.#tell(action, place, shown, text)
        return action === 'prepend' ? [line, raw] : [line]
      }
      default:
        this.#warn(`unsupported command in smtp_${place} map: ${result}`)
        return [raw]
    }
  }

  #isUsable(action: string, place: Place, text: string): boolean {
    const word = action.toUpperCase()
    if (text === '') {
      this.#warn(`${word} action without text in smtp_${place} map`)
      return false
    }
    if (place === 'body_checks' || findHeaderColon(Buffer.from(text), text.length) > 0) return true
    this.#warn(`bad ${word} header text "${text}" in smtp_${place} map -- ${HEADER}`)
    return false
  }

  #tell(action: string, place: Place, shown: Buffer, text: string): void {
    const queueId = this.#queueId
    const where = place === 'body_checks' ? 'body' : 'header'
    const start = decodeAddress(shown.subarray(0, SHOWN_BYTES))
    const said = text === '' ? '' : `: ${text}`
    this.#log.info(`${queueId}: ${action}: ${where} ${start}${said}`, { queueId })
  }

  #warn(text: string): void {
    this.#log.warning(text, { queueId: this.#queueId })
  }
}
