import type { DecidingCommand } from './failure.ts'
import type { SmtpReply } from './reply.ts'

/** What to do next in a transaction. */
export type Step =
  /** Send this text, then read a reply for every command in it, as `expecting` says. */
  | { readonly kind: 'send'; readonly text: string }
  /** Send the content (nothing if `empty`) and the trailer, then read as above. */
  | { readonly kind: 'content'; readonly empty: boolean; readonly trailer: string }
  /**
   * Over. `quit`: QUIT was sent, and its reply may be awaited or not. `broken`: the server waits
   * for content that does not come, so the session is to be closed as it is.
   */
  | { readonly kind: 'done'; readonly end: 'open' | 'quit' | 'broken' }

/** The command whose reply decides about the recipients of a probe (C-81). */
export type ProbeTarget = 'rcpt' | 'data'

/** A reply that decides about recipients (C-85). */
export interface Verdict {
  readonly kind: 'delivered' | 'rejected'
  /** Index into the RCPT commands; undefined: all recipients that nothing decided about before. */
  readonly recipient: number | undefined
  readonly command: DecidingCommand
  readonly reply: SmtpReply
}

/** The commands of a transaction, complete but for their CRLF, one octet per character. */
export interface TransactionCommands {
  readonly mail: string
  /** One per recipient; at least one. */
  readonly rcpts: readonly string[]
  /** What tells the server where the message came from; their replies decide nothing (C-76). */
  readonly xforward?: readonly OpeningCommand[] | undefined
  /** No content is sent, and the reply to this command decides (C-81). */
  readonly probe?: ProbeTarget | undefined
  /** The end of data has a reply for each recipient that was accepted (RFC 2033 4.2). */
  readonly isLmtp?: boolean
}

/** A command that comes before MAIL. */
export interface OpeningCommand {
  readonly command:
    | 'opening RSET command'
    | 'XFORWARD name/address command'
    | 'XFORWARD helo/protocol command'
  readonly text: string
}

/** A command whose reply is awaited. */
export type AwaitedCommand = DecidingCommand | OpeningCommand['command'] | 'final RSET command'

// With more unsent octets than this, replies are read first (C-82).
const GROUP_LIMIT = 4096

const RESET: OpeningCommand = { command: 'opening RSET command', text: 'RSET' }
const NOTHING: readonly OpeningCommand[] = []

/**
 * MAIL, RCPT, DATA, content, QUIT: what to send when, and what the replies mean (C-80 to C-87).
 * Does no I/O. Ask for the next step only when no reply is awaited.
 *
 * In a session that was used before, RSET comes first (C-121). What its reply means for the session
 * is for the caller to judge: here it decides nothing.
 *
 * The rule that a send-ahead waits after ten seconds without I/O (C-82) needs no code: a group of
 * commands is put together at once, after all earlier replies.
 */
export class Transaction {
  readonly #commands: TransactionCommands
  readonly #pipelining: boolean
  readonly #keep: () => boolean
  readonly #opening: readonly OpeningCommand[]
  // Positions: the opening ends at -1, 0 MAIL, 1..n RCPT, n + 1 DATA, n + 2 end of data, one or
  // more, or RSET; of a probe that ends with RCPT n + 1 is RSET.
  readonly #data: number
  readonly #probe: ProbeTarget | undefined
  readonly #isLmtp: boolean
  #sent: number
  #received: number
  #mailRejected = false
  readonly #accepted: number[] = [] // Indexes into the RCPT commands.
  #dataRejected = false
  #contentSent = false
  #closing = false // The end of data or RSET was sent.
  #quitPlanned = false
  #quitSent = false

  /**
   * @param keep Is the session to be kept, so that no QUIT follows? Asked when DATA or the final
   * RSET is sent, so before the replies to pipelined commands are known (C-86).
   * @param resetFirst Does RSET come before MAIL?
   */
  constructor(
    commands: TransactionCommands,
    pipelining: boolean,
    keep: () => boolean,
    resetFirst: boolean,
  ) {
    const { xforward = NOTHING } = commands
    this.#commands = commands
    this.#opening = resetFirst ? [RESET, ...xforward] : xforward
    this.#sent = 0 - this.#opening.length
    this.#received = this.#sent
    this.#pipelining = pipelining
    this.#keep = keep
    this.#data = commands.rcpts.length + 1
    this.#probe = commands.probe
    this.#isLmtp = commands.isLmtp ?? false
  }

  /** The command whose reply comes next; undefined when there is no reply to wait for. */
  get expecting(): AwaitedCommand | undefined {
    const at = this.#received
    if (at === this.#sent) return undefined
    if (at < 0) return this.#opening.at(at)!.command
    if (at === 0) return 'MAIL FROM command'
    if (at < this.#data) return 'RCPT TO command'
    if (at === this.#data && this.#probe !== 'rcpt') return 'DATA command'
    return this.#contentSent ? 'end of DATA command' : 'final RSET command'
  }

  /** What to send now. */
  next(): Step {
    if (this.#closing) return this.#finish()
    const at = this.#sent
    const pointless =
      (at > 0 && at < this.#data && this.#mailRejected) ||
      (at === this.#data && this.#accepted.length === 0 && this.#probe !== 'rcpt') ||
      (at > this.#data && this.#dataRejected)
    if (pointless) return this.#reset()
    if (at <= this.#data) return { kind: 'send', text: this.#group() }
    if (this.#probe === 'data') return { kind: 'done', end: 'broken' }

    const accepted = this.#accepted.length
    this.#sent = this.#received + (this.#isLmtp ? Math.max(1, accepted) : 1)
    this.#contentSent = true
    const quit = this.#close()
    // DATA was let through although there is nobody to deliver to: an empty message ends it.
    return { kind: 'content', empty: accepted === 0, trailer: `.\r\n${quit}` }
  }

  /** Takes the reply to `expecting`. Returns what it decides, if anything. */
  reply(reply: SmtpReply): Verdict | undefined {
    const at = this.#received++
    if (at < 0) return undefined
    if (at === 0) return this.#mailReply(reply)
    if (at < this.#data) return this.#rcptReply(reply, at - 1)
    if (at === this.#data) return this.#probe === 'rcpt' ? undefined : this.#dataReply(reply)
    return this.#contentSent ? this.#endReply(reply, at - this.#data - 1) : undefined
  }

  #mailReply(reply: SmtpReply): Verdict | undefined {
    this.#mailRejected = !isSuccess(reply)
    if (!this.#mailRejected) return undefined
    return { kind: 'rejected', recipient: undefined, command: 'MAIL FROM command', reply }
  }

  #rcptReply(reply: SmtpReply, recipient: number): Verdict | undefined {
    if (this.#mailRejected) return undefined
    if (isSuccess(reply)) {
      this.#accepted.push(recipient)
      if (this.#probe !== 'rcpt') return undefined
      return { kind: 'delivered', recipient, command: 'RCPT TO command', reply }
    }
    return { kind: 'rejected', recipient, command: 'RCPT TO command', reply }
  }

  #dataReply(reply: SmtpReply): Verdict | undefined {
    this.#dataRejected = reply.code < 300 || reply.code > 399
    if (this.#accepted.length === 0) return undefined
    const all = { recipient: undefined, command: 'DATA command' } as const
    if (this.#dataRejected) return { kind: 'rejected', ...all, reply }
    if (this.#probe !== 'data') return undefined
    return { kind: 'delivered', ...all, reply: { ...reply, status: '2.0.0' } }
  }

  /** @param at how many there were before. */
  #endReply(reply: SmtpReply, at: number): Verdict | undefined {
    if (this.#accepted.length === 0) return undefined
    const kind = isSuccess(reply) ? 'delivered' : 'rejected'
    const recipient = this.#isLmtp ? this.#accepted[at] : undefined
    return { kind, recipient, command: 'end of DATA command', reply }
  }

  #group(): string {
    let text = `${this.#command(this.#sent++)}\r\n`
    while (this.#pipelining && this.#sent <= this.#data) {
      const command = this.#command(this.#sent)
      if (text.length + command.length + 2 > GROUP_LIMIT) break
      text += `${command}\r\n`
      this.#sent++
    }
    if (this.#sent <= this.#data) return text
    this.#quitPlanned = !this.#keep()
    return this.#probe === 'rcpt' ? text + this.#close() : text
  }

  #command(at: number): string {
    if (at < 0) return this.#opening.at(at)!.text
    if (at === 0) return this.#commands.mail
    return this.#commands.rcpts[at - 1] ?? (this.#probe === 'rcpt' ? 'RSET' : 'DATA')
  }

  #reset(): Step {
    this.#received = this.#data + 1
    this.#sent = this.#received + 1
    this.#quitPlanned = !this.#keep()
    return { kind: 'send', text: `RSET\r\n${this.#close()}` }
  }

  /** QUIT, if it may go out now. */
  #close(): string {
    this.#closing = true
    if (!this.#quitPlanned || !this.#pipelining) return ''
    this.#quitSent = true
    return 'QUIT\r\n'
  }

  #finish(): Step {
    if (this.#quitSent) return { kind: 'done', end: 'quit' }
    if (!this.#quitPlanned) return { kind: 'done', end: 'open' }
    this.#quitSent = true
    return { kind: 'send', text: 'QUIT\r\n' }
  }
}

function isSuccess({ code }: SmtpReply): boolean {
  return code >= 200 && code <= 299
}
