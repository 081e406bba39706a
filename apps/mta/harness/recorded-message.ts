import { unquoteAddress } from '@posthouse/mail-address'

import type { QueuedMessage } from './queue-message.ts'

/** What came in, in a recorded dialogue. */
export interface RecordedMessage {
  /** Who handed it in. */
  readonly origin: string
  readonly count: number
  readonly sender: string
  readonly recipients: readonly string[]
  /** Its lines, with `N` for the number of the message, or what it is like; a probe has none. */
  readonly content?: readonly string[] | string
  /** Of the client that it came from first: `NAME=…`, `ADDR=…` and so on. */
  readonly client?: string
  readonly mail_parameters?: string
  readonly rcpt_parameters?: Readonly<Record<string, string>>
  readonly recipient_alias?: Readonly<Record<string, string>>
}

const PROBE = 'address verification probe'
const NOTIFY: Readonly<Record<string, number>> = { NEVER: 1, SUCCESS: 2, FAILURE: 4, DELAY: 8 }
const RET: Readonly<Record<string, string>> = { FULL: '1', HDRS: '2' }
// F-34 and F-40.
const SMTPUTF8_ASKED = 1
const HEADER_IS_UTF8 = 2
const MTA_PROBE = '256'
const CLIENT: Readonly<Record<string, string>> = {
  NAME: 'log_client_name',
  ADDR: 'log_client_address',
  PORT: 'log_client_port',
  PROTO: 'log_protocol_name',
}
/** The HELO name was not what the recordings had asked for. */
const HELO = 'spike.example'

/** Whether it can come over QMQP as it came over SMTP, or from verify(8). */
export function canComeOverQmqp(message: RecordedMessage): boolean {
  const { origin, mail_parameters, client, recipient_alias, recipients } = message
  const isPlain = mail_parameters === undefined && client === undefined
  return isPlain && origin !== PROBE && !recipient_alias && !recipients.some(isQuoted)
}

/** @param number Of the message: there may be several. */
export function recordedText(name: string, { content = [] }: RecordedMessage, number = 1): Buffer {
  if (typeof content === 'string') throw new Error(`${name}: ${content}`)
  const lines = content.map((line) => {
    return `${line.replace(/^(Subject: test |Message-ID: <)N/, `$1${number}`)}\n`
  })
  return Buffer.from(lines.join(''))
}

/** What smtpd(8) and cleanup(8), or verify(8), put into the queue. */
export function asQueued(name: string, message: RecordedMessage): QueuedMessage {
  const { origin, sender, mail_parameters: mail } = message
  const text = recordedText(name, message)
  return {
    sender: unquoteAddress(sender),
    recipients: message.recipients.map((recipient) => recipientOf(recipient, message)),
    attributes: [
      ...(origin === PROBE ? [['trace_flags', MTA_PROBE] as const] : []),
      ...mailAttributes(mail),
      ...clientAttributes(message.client),
    ],
    encoding: mail?.includes('BODY=8BITMIME') ? '8bit' : undefined,
    sendOptions: mail?.includes('SMTPUTF8') ? SMTPUTF8_ASKED | headerOptions(text) : 0,
    text: text.length > 0 ? text : Buffer.from('\n'),
  }
}

function headerOptions(text: Buffer): number {
  const [header = ''] = text.toString('latin1').split('\n\n')
  return /[^\0-\x7f]/.test(header) ? HEADER_IS_UTF8 : 0
}

function recipientOf(
  recipient: string,
  { rcpt_parameters, recipient_alias }: RecordedMessage,
): QueuedMessage['recipients'][number] {
  const original = unquoteAddress(recipient)
  const parameters = rcpt_parameters?.[recipient]
  const notify = parameter(parameters, 'NOTIFY')?.split(',') ?? []
  return {
    address: recipient_alias?.[original] ?? original,
    original,
    dsnOriginal: decodeXtext(parameter(parameters, 'ORCPT')) ?? `rfc822;${recipient}`,
    notify: notify.reduce((sum, word) => sum + NOTIFY[word]!, 0),
  }
}

function mailAttributes(parameters: string | undefined): [name: string, value: string][] {
  const envelopeId = decodeXtext(parameter(parameters, 'ENVID'))
  const content = parameter(parameters, 'RET')
  const attributes: [string, string][] = []
  if (envelopeId !== undefined) attributes.push(['envelope_id', envelopeId])
  if (content !== undefined) attributes.push(['ret_flags', RET[content]!])
  return attributes
}

function clientAttributes(client: string | undefined): [name: string, value: string][] {
  if (client === undefined) return []
  const known = Object.entries(CLIENT).flatMap(([word, name]): [string, string][] => {
    const value = parameter(client, word)
    return value === undefined ? [] : [[name, value]]
  })
  return [...known, ['log_helo_name', HELO], ['log_ident', 'QUEUEID'], ['rewrite_context', 'local']]
}

function parameter(text: string | undefined, name: string): string | undefined {
  const word = text?.split(' ').find((one) => one.startsWith(`${name}=`))
  return word?.slice(name.length + 1)
}

function decodeXtext(text: string | undefined): string | undefined {
  return text?.replace(/\+([0-9A-F]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function isQuoted(recipient: string): boolean {
  return recipient.includes('"') || recipient.includes('..')
}
