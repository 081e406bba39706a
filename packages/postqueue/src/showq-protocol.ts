import { AttributeReader, encodeAttributes, malformed } from './attribute-list.ts'
import type { ListedMessage, ListedRecipient } from './listed-message.ts'
import { printableText } from './printable-text.ts'

const PROTOCOL = 'mail_queue_list_protocol'
const SERVER = 'showq'
const MESSAGE_FIELDS = ['queue_id', 'time', 'size', 'forced_expire', 'sender'] as const
const NUMBER = /^\d{1,15}$/

/**
 * What a showq service answers (`ipc-showq`): the listing as lists of names and values, each ended
 * by NUL and each list by an empty name. It has no place for what release 3.11 added: the original
 * address is left out, and so is a recipient that is in the bounce log only.
 *
 * @param smtputf8 `smtputf8_enable`
 */
export async function* encodeListing(
  messages: AsyncIterable<ListedMessage>,
  smtputf8: boolean,
): AsyncGenerator<Buffer, void, void> {
  yield encodeAttributes([['protocol', PROTOCOL]])
  for await (const message of messages) yield encodeAttributes(messageFields(message, smtputf8))
  yield encodeAttributes([])
}

function messageFields(message: ListedMessage, smtputf8: boolean): [string, string][] {
  const text = (value: string): string => printableText(value, smtputf8)
  const fields: [string, string][] = [
    ['queue_name', message.queueName],
    ['queue_id', message.queueId],
    ['time', String(message.arrivalSeconds)],
    ['size', String(message.sizeBytes)],
    ['forced_expire', message.isForcedExpire ? '1' : '0'],
    ['sender', text(message.sender)],
  ]
  for (const { address, reason, source } of message.recipients) {
    if (source !== 'bounce') fields.push(['recipient', text(address)], ['reason', text(reason)])
  }
  return fields
}

/**
 * Reads what a showq service answers. Values are limited to 1 MB each, and one message is in memory
 * at a time.
 *
 * @throws {PostqueueError} `protocol`, as a rejection.
 */
export async function* decodeListing(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ListedMessage, void, void> {
  const strings = new AttributeReader(chunks, SERVER)
  try {
    await strings.protocol(PROTOCOL)
    for (;;) {
      const name = await strings.next()
      if (name === '') return
      if (name !== 'queue_name') throw malformed(SERVER)
      yield await readMessage(strings)
    }
  } finally {
    await strings.return()
  }
}

async function readMessage(strings: AttributeReader): Promise<ListedMessage> {
  const queueName = await strings.next()
  const fields = new Map<string, string>()
  for (const field of MESSAGE_FIELDS) fields.set(field, await strings.value(field))
  const recipients: ListedRecipient[] = []
  for (let name = await strings.next(); name !== ''; name = await strings.next()) {
    if (name !== 'recipient') throw malformed(SERVER)
    const address = await strings.next()
    const reason = await strings.value('reason')
    recipients.push({ address, reason, source: 'defer' })
  }
  return {
    queueName,
    queueId: fields.get('queue_id') ?? '',
    arrivalSeconds: numberOf(fields.get('time')),
    sizeBytes: numberOf(fields.get('size')),
    isForcedExpire: numberOf(fields.get('forced_expire')) !== 0,
    sender: fields.get('sender') ?? '',
    recipients,
  }
}

function numberOf(text = ''): number {
  if (!NUMBER.test(text)) throw malformed(SERVER)
  return Number(text)
}
