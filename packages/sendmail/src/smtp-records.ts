import { encodeAddress, quoteAddress } from '@posthouse/mail-address'
import { encodeRecord, RecordType } from '@posthouse/queue-store'

import type { TextPiece } from './message-lines.ts'
import type { SendmailSystem } from './ports.ts'
import type { MailArguments, RecipientArguments } from './smtp-arguments.ts'
import { attribute, textRecord, textRecords } from './submission.ts'

const BLANK = 0x20
const TAB = 0x09

/** What came before DATA. */
export interface SmtpEnvelope {
  readonly mail: MailArguments
  readonly recipients: readonly RecipientArguments[]
  /** The name that the client gave itself. */
  readonly helo: string
  /** It said EHLO. */
  readonly isExtended: boolean
}

/**
 * The records of a message that came over SMTP, as postdrop(1) takes them (F-93).
 *
 * @param id Its queue id; asked for when the first record is.
 */
export async function* smtpRecords(
  envelope: SmtpEnvelope,
  content: AsyncIterable<TextPiece>,
  system: SendmailSystem,
  id: () => string,
): AsyncGenerator<Buffer> {
  yield envelopeRecords(envelope)
  yield Buffer.concat(receivedLines(envelope, system, id()).map(line))
  let isFirst = true
  for await (const piece of content) {
    // It would continue our header.
    const isBlank = piece.bytes[0] === BLANK || piece.bytes[0] === TAB
    if (isFirst && isBlank) yield line('')
    isFirst = false
    yield textRecords([piece])
  }
  yield Buffer.concat([textRecord(RecordType.extracted, ''), textRecord(RecordType.end, '')])
}

function envelopeRecords({ mail, recipients }: SmtpEnvelope): Buffer {
  const { envelopeId, returnFlags, encoding, sender } = mail
  return Buffer.concat([
    ...(envelopeId === '' ? [] : [attribute('envelope_id', envelopeId)]),
    ...(returnFlags === 0 ? [] : [attribute('ret_flags', String(returnFlags))]),
    textRecord(RecordType.sender, sender),
    ...(encoding === undefined ? [] : [attribute('encoding', encoding)]),
    ...recipients.flatMap(({ address, notify, original }) => [
      ...(notify === 0 ? [] : [attribute('notify_flags', String(notify))]),
      attribute('dsn_orig_rcpt', original),
      textRecord(RecordType.recipient, address),
    ]),
    textRecord(RecordType.content, ''),
  ])
}

/** RFC 5321 4.4. */
function receivedLines(
  { mail, recipients, helo, isExtended }: SmtpEnvelope,
  { smtp: { hostname, mailName, date } }: SendmailSystem,
  id: string,
): string[] {
  const protocol = mail.isUtf8 ? 'UTF8SMTP' : isExtended ? 'ESMTP' : 'SMTP'
  const from = `Received: from ${helo} (localhost [127.0.0.1])`
  const by = `\tby ${hostname} (${mailName}) with ${protocol} id ${id}`
  const [first, ...others] = recipients
  if (first === undefined || others.length > 0) return [from, `${by};`, `\t${date()}`]
  return [from, by, `\tfor <${quoteAddress(first.address)}>; ${date()}`]
}

function line(text: string): Buffer {
  return encodeRecord(RecordType.text, encodeAddress(text))
}
