import { type Later, LookupTableError } from '@posthouse/lookup-table'
import { decodeAddress, encodeAddress, quoteAddress } from '@posthouse/mail-address'
import type { CheckEventName, Logger } from '@posthouse/mail-log'
import { MIME_ERRORS } from '@posthouse/mime-stream'

import { type CheckAction, parseCheckAction, parseRejectReason } from './check-action.ts'
import type { CheckTable } from './content-checks.ts'
import { lookupFailure } from './errors.ts'
import type { MimeProblem } from './mime-problems.ts'
import { type CleanupRejection, rejection } from './result.ts'

// Bytes of content that the log shows.
const SHOWN_BYTES = 200
const SHOWN_MIME_BYTES = 100

/** Whose message it is, for the log. */
export interface InspectedMessage {
  readonly queueId: string
  /** As in `clientOrigin`. */
  readonly origin: string
  /** Undefined: the message came over no network. */
  readonly protocol: string | undefined
  /** Internal form, as stored. */
  readonly sender: string
  /** The last one received, mapped but for aliases; undefined if there is none. */
  readonly lastRecipient: string | undefined
  readonly addressFormat: 'external' | 'internal'
}

/** What to store instead of a header or a piece of the body, or before it. */
export type Change =
  | { readonly kind: 'drop' }
  | { readonly kind: 'prepend' | 'replace'; readonly bytes: Buffer }

/**
 * Looks at the content of one message, and notes and logs what becomes of it: header and body
 * checks, and what else content is refused for.
 */
export class Inspection {
  readonly #message: InspectedMessage
  readonly #log: Logger
  #isOff = false
  #rejection: CleanupRejection | undefined
  #mimeProblems: MimeProblem[] = []
  #copies: string[] = []

  /** HOLD. */
  isHeld = false
  /** DISCARD. */
  isDiscarded = false
  /** FILTER; the last one counts. */
  filter: string | undefined
  /** REDIRECT. */
  redirect: string | undefined

  constructor(message: InspectedMessage, log: Logger) {
    this.#message = message
    this.#log = log
  }

  /** Whether the rest of the message does not matter: it is refused, or to be discarded. */
  get isOver(): boolean {
    return this.isDiscarded || this.#rejection !== undefined
  }

  /** Whether checks go on: no action has switched them off. */
  get isChecking(): boolean {
    return !this.#isOff
  }

  /** Addresses of BCC, as the tables have them. */
  get copies(): readonly string[] {
    return this.#copies
  }

  /** Why the message is refused. Problems with MIME count at its end, when nothing else does. */
  get rejection(): CleanupRejection | undefined {
    if (this.#rejection !== undefined || this.#mimeProblems.length === 0) return this.#rejection
    const error = MIME_ERRORS.find(({ code }) =>
      this.#mimeProblems.some((one) => one.code === code),
    )
    const text = error?.text ?? this.#mimeProblems[0]!.text
    return { kind: 'rejected', status: 'cont', text: `5.6.0 ${text}` }
  }

  /**
   * Looks a header or a piece of the body up, and does what the table says.
   *
   * @returns undefined: it stays as it is. Later if the table answers later.
   * @throws {RefusalError} at once or as a rejection: the table cannot tell.
   */
  check(
    table: CheckTable | undefined,
    where: 'header' | 'body',
    bytes: Buffer,
  ): Later<Change | undefined> {
    if (table === undefined || this.#isOff) return undefined
    const key = decodeAddress(upToNul(bytes))
    if (key === '') return undefined
    const fail = (error: unknown): never => {
      if (!(error instanceof LookupTableError)) throw error
      throw lookupFailure(table.name, '', error.warnings)
    }
    const act = (result: string | undefined) =>
      result === undefined ? undefined : this.#act(result, table.name, where, bytes)
    let result: Later<string | undefined>
    try {
      result = table.lookup(key)
    } catch (error) {
      return fail(error)
    }
    return result instanceof Promise ? result.then(act, fail) : act(result)
  }

  /** Comes before all other reasons to refuse. */
  tooManyHops(): void {
    const { queueId } = this.#message
    const reason = 'hopcount exceeded'
    this.#log.warning(`${queueId}: message rejected: ${reason}`, { queueId, reason })
    this.#rejection = rejection('hops')
  }

  /** @param record Where the character was found. */
  disallowedCharacter(record: Buffer): void {
    this.#reject('content', record, { text: '5.7.1 disallowed character', status: 'cont' })
  }

  /** @param bytes Where it was found. */
  mimeProblem(problem: MimeProblem, bytes: Buffer): void {
    const { queueId, origin, sender, lastRecipient = 'unknown' } = this.#message
    const reason = problem.text
    const line =
      `${queueId}: reject: mime-error ${reason}: ${shown(bytes, SHOWN_MIME_BYTES)}` +
      ` from ${origin}; from=<${this.#address(sender)}> to=<${this.#address(lastRecipient)}>`
    this.#log.info(line, { event: 'reject', queueId, reason })
    this.#mimeProblems.push(problem)
  }

  #act(result: string, map: string, where: 'header' | 'body', bytes: Buffer): Change | undefined {
    const action = parseCheckAction(result, map, where)
    if (action === undefined) return undefined
    if (typeof action === 'string') {
      this.#log.warning(action, { queueId: this.#message.queueId })
      return undefined
    }
    const { name, text } = action
    if (name === 'reject') this.#reject(where, bytes, this.#reason(text))
    else if (name !== 'ignore' && !(name === 'hold' && this.isHeld)) {
      this.#logAction(name === 'warn' ? 'warning' : name, where, bytes, text)
    }
    return this.#follow(action)
  }

  /** What an action does beside the log. */
  #follow({ name, text }: CheckAction): Change | undefined {
    switch (name) {
      case 'reject':
      case 'warn':
      case 'info':
        return undefined
      case 'hold':
        this.isHeld = true
        return undefined
      case 'filter':
        this.filter = text
        return undefined
      case 'bcc':
        this.#copies.push(text)
        return undefined
      case 'pass':
        this.#isOff = true
        return undefined
      case 'discard':
        this.#isOff = true
        this.isDiscarded = true
        return undefined
      case 'redirect':
        this.#isOff = true
        this.redirect = text
        return undefined
      case 'ignore':
      case 'strip':
        return { kind: 'drop' }
      case 'prepend':
      case 'replace':
        return { kind: name, bytes: encodeAddress(text) }
    }
  }

  #reason(argument: string): { text: string; status: 'cont' | 'defer' } {
    const { warning, ...reason } = parseRejectReason(argument)
    if (warning !== undefined) this.#log.warning(warning, { queueId: this.#message.queueId })
    return reason
  }

  #reject(
    where: string,
    bytes: Buffer,
    { text, status }: { readonly text: string; readonly status: 'cont' | 'defer' },
  ): void {
    this.#isOff = true
    this.#rejection = { kind: 'rejected', status, text }
    this.#logAction('reject', where, bytes, text)
  }

  /** */
  #logAction(event: CheckEventName, where: string, bytes: Buffer, text: string): void {
    const { queueId, origin, protocol, sender, lastRecipient } = this.#message
    const to = lastRecipient === undefined ? '' : ` to=<${this.#address(lastRecipient)}>`
    const proto = protocol === undefined ? '' : ` proto=${protocol}`
    const line =
      `${queueId}: ${event}: ${where} ${shown(bytes, SHOWN_BYTES)} from ${origin};` +
      ` from=<${this.#address(sender)}>${to}${proto}`
    this.#log.info(text === '' ? line : `${line}: ${text}`, {
      event,
      queueId,
      ...(text !== '' && { reason: text }),
    })
  }

  #address(address: string): string {
    return this.#message.addressFormat === 'external' ? quoteAddress(address) : address
  }
}

function shown(bytes: Buffer, maxBytes: number): string {
  return decodeAddress(upToNul(bytes.subarray(0, maxBytes)))
}

/** Tables and log know text that ends at the first NUL. */
function upToNul(bytes: Buffer): Buffer {
  const nul = bytes.indexOf(0)
  return nul < 0 ? bytes : bytes.subarray(0, nul)
}
