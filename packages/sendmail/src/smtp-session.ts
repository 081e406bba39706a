import { decodeAddress } from '@posthouse/mail-address'

import type { SendmailSystem, SubmitReply } from './ports.ts'
import {
  type MailArguments,
  parseMail,
  parseRecipient,
  type RecipientArguments,
  RefusedError,
} from './smtp-arguments.ts'
import { InputEndedError, SmtpInput } from './smtp-input.ts'
import { type SmtpEnvelope, smtpRecords } from './smtp-records.ts'

const MAX_RECIPIENTS = 1000 // The default of smtpd_recipient_limit.
const MAX_ERRORS = 20 // The default of smtpd_hard_error_limit.
const TOO_BIG = 'message file too big' // F-17.

/** One end of the conversation: lines go out as they are given. */
export interface SmtpSessionPorts {
  readonly input: AsyncIterable<Uint8Array>
  readonly reply: (text: string) => void
  /** Takes what the client is not told. */
  readonly warn: (text: string) => void
}

type Command = (argument: string) => string | Promise<string>

/**
 * The stand-alone mode of sendmail(1): an SMTP server (RFC 5321) whose mail goes the way of all
 * mail that is handed in (F-93). It serves whoever runs it, so it knows no restrictions.
 */
export class SmtpSession {
  readonly #system: SendmailSystem
  readonly #ports: SmtpSessionPorts
  readonly #input: SmtpInput
  #helo = 'localhost'
  #isExtended = false
  #mail: MailArguments | undefined
  #recipients: RecipientArguments[] = []
  #errors = 0
  #isOver = false

  readonly #commands: Readonly<Record<string, Command>> = {
    HELO: (name) => this.#greet('HELO', name),
    EHLO: (name) => this.#greet('EHLO', name),
    MAIL: (argument) => this.#startMail(argument),
    RCPT: (argument) => this.#addRecipient(argument),
    DATA: (argument) => this.#readMessage(argument),
    RSET: (argument) => this.#reset(argument),
    NOOP: () => '250 2.0.0 Ok',
    VRFY: (address) =>
      address === '' ? '501 5.5.4 Syntax: VRFY address [SMTPUTF8]' : `252 2.0.0 ${address}`,
    QUIT: () => this.#quit(),
    // What other servers know, and this one has not announced.
    ETRN: () => '502 5.5.1 Error: command not implemented',
    BDAT: () => '502 5.5.1 Error: command not implemented',
    STARTTLS: () => '502 5.5.1 Error: command not implemented',
    AUTH: () => '503 5.5.1 Error: authentication not enabled',
  }

  constructor(system: SendmailSystem, ports: SmtpSessionPorts) {
    this.#system = system
    this.#ports = ports
    this.#input = new SmtpInput(ports.input, system.lineLengthLimit)
  }

  /** Talks until QUIT, or the end of the input; a message without its end is not kept then. */
  async run(): Promise<void> {
    const { hostname, mailName } = this.#system.smtp
    this.#ports.reply(`220 ${hostname} ESMTP ${mailName}`)
    try {
      while (!this.#isOver) {
        const line = await this.#input.readCommand()
        if (line === undefined) return
        this.#ports.reply(await this.#answer(decodeAddress(line).trim()))
      }
    } catch (error) {
      if (!(error instanceof InputEndedError)) throw error
    }
  }

  async #answer(line: string): Promise<string> {
    if (this.#errors >= MAX_ERRORS) {
      this.#isOver = true
      return `421 4.7.0 ${this.#system.smtp.hostname} Error: too many errors`
    }
    const reply = await this.#do(line)
    if (/^[45]/.test(reply)) this.#errors += 1
    return reply
  }

  async #do(line: string): Promise<string> {
    const [, name = '', argument = ''] = /^(\S*)\s*(.*)$/s.exec(line) ?? []
    if (name === '') return '500 5.5.2 Error: bad syntax'
    const key = name.toUpperCase()
    const command = Object.hasOwn(this.#commands, key) ? this.#commands[key] : undefined
    if (command === undefined) return '500 5.5.2 Error: command not recognized'
    try {
      return await command(argument)
    } catch (error) {
      if (error instanceof RefusedError) return error.message
      throw error
    }
  }

  #greet(command: 'HELO' | 'EHLO', name: string): string {
    if (name === '') return `501 Syntax: ${command} hostname`
    const { hostname, maxMessageBytes, smtputf8 } = this.#system.smtp
    this.#forgetMessage()
    // It goes into a header.
    this.#helo = name.replace(/[^\x21-\x7e]/g, '?')
    this.#isExtended = command === 'EHLO'
    if (command === 'HELO') return `250 ${hostname}`
    const size = maxMessageBytes > 0 ? `SIZE ${maxMessageBytes}` : 'SIZE'
    const utf8 = smtputf8 ? ['SMTPUTF8'] : []
    const words = [hostname, 'PIPELINING', size, 'VRFY', 'ENHANCEDSTATUSCODES', '8BITMIME', 'DSN']
    const lines = [...words, ...utf8]
    return lines.map((word, at) => `250${at + 1 < lines.length ? '-' : ' '}${word}`).join('\r\n')
  }

  #startMail(argument: string): string {
    if (this.#mail !== undefined) return '503 5.5.1 Error: nested MAIL command'
    this.#mail = parseMail(argument, this.#system.smtp)
    return '250 2.1.0 Ok'
  }

  #addRecipient(argument: string): string {
    if (this.#mail === undefined) return '503 5.5.1 Error: need MAIL command'
    if (this.#recipients.length >= MAX_RECIPIENTS) return '452 4.5.3 Error: too many recipients'
    this.#recipients.push(parseRecipient(argument))
    return '250 2.1.5 Ok'
  }

  async #readMessage(argument: string): Promise<string> {
    const mail = this.#mail
    if (mail === undefined) return '503 5.5.1 Error: need RCPT command'
    if (this.#recipients.length === 0) return '554 5.5.1 Error: no valid recipients'
    if (argument !== '') return '501 5.5.4 Syntax: DATA'
    this.#ports.reply('354 End data with <CR><LF>.<CR><LF>')
    const recipients = this.#recipients
    const envelope = { mail, recipients, helo: this.#helo, isExtended: this.#isExtended }
    this.#forgetMessage()
    return this.#submit(envelope)
  }

  async #submit(envelope: SmtpEnvelope): Promise<string> {
    let id = ''
    const content = this.#input.readContent()
    const records = smtpRecords(envelope, content, this.#system, () => id)
    const submitting = this.#system.submit(records, (created) => {
      id = created
    })
    const reply = await submitting.catch((error: unknown): SubmitReply => {
      if (!(error instanceof Error) || error instanceof InputEndedError) throw error
      if (error instanceof TypeError || error instanceof RangeError) throw error
      this.#ports.warn(error.message)
      return { kind: 'refused', reason: 'queue file write error' }
    })
    await this.#input.skipContent()
    if (reply.kind === 'stored') return `250 2.0.0 Ok: queued as ${id}`
    return `${reply.reason === TOO_BIG ? '552 5.3.4' : '451 4.3.0'} Error: ${reply.reason}`
  }

  #reset(argument: string): string {
    if (argument !== '') return '501 5.5.4 Syntax: RSET'
    this.#forgetMessage()
    return '250 2.0.0 Ok'
  }

  #quit(): string {
    this.#isOver = true
    return '221 2.0.0 Bye'
  }

  #forgetMessage(): void {
    this.#mail = undefined
    this.#recipients = []
  }
}
