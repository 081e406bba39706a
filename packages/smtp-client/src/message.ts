import { isAscii } from '@posthouse/mail-address'

import { SMTPUTF8_REQUESTED, type SmtpDelivery } from './request.ts'

type Required = 'nexthop' | 'sender' | 'recipients'

/** What `deliver` is given: a delivery, of which most can be left out. */
export interface SmtpMessage
  extends Pick<SmtpDelivery, Required>,
    Partial<Omit<SmtpDelivery, Required | 'content'>> {
  /**
   * The content, or what opens it. Lines of bytes end with LF or with CRLF; they tell the encoding
   * and the size, too.
   */
  readonly content: Uint8Array | SmtpDelivery['content']
}

const LF = 0x0a
// What Postfix says instead of a queue id where there is none.
const NO_QUEUE_ID = 'NOQUEUE'

/**
 * The message with all that there is to know for a delivery. Without a word about SMTPUTF8, it is
 * asked for where an address needs it; without one about reuse, sessions are kept where there is a
 * cache.
 */
export function completeDelivery(message: SmtpMessage): SmtpDelivery {
  if (isComplete(message)) return message
  const { sender, recipients, content } = message
  const isInternational = !isAscii(sender) || recipients.some(({ address }) => !isAscii(address))
  return {
    queueId: NO_QUEUE_ID,
    sendOptions: isInternational ? SMTPUTF8_REQUESTED : 0,
    reuse: { load: true, store: true },
    contentSize: undefined,
    encoding: '',
    ...message,
    ...(typeof content === 'function' ? { content } : contentOf(content, message)),
  }
}

function isComplete(message: SmtpMessage): message is SmtpDelivery {
  return (
    typeof message.content === 'function' &&
    message.encoding !== undefined &&
    message.queueId !== undefined &&
    message.sendOptions !== undefined &&
    message.reuse !== undefined
  )
}

function contentOf(given: Uint8Array, { encoding, contentSize }: SmtpMessage) {
  const bytes = withLf(Buffer.from(given.buffer, given.byteOffset, given.length))
  return {
    content: () => [bytes],
    contentSize: contentSize ?? sizeWithCrlf(bytes),
    encoding: encoding ?? (bytes.some((byte) => byte > 0x7f) ? '8bit' : '7bit'),
  } as const
}

function withLf(bytes: Buffer): Buffer {
  if (!bytes.includes('\r\n')) return bytes
  return Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
}

function sizeWithCrlf(bytes: Buffer): number {
  let size = bytes.length
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) size++
  return bytes.length === 0 || bytes.at(-1) === LF ? size : size + 2
}
