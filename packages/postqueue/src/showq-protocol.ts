import { decodeAddress, encodeAddress } from '@posthouse/mail-address'

import { PostqueueError } from './errors.ts'
import type { ListedMessage, ListedRecipient } from './listed-message.ts'
import { printableText } from './printable-text.ts'

const PROTOCOL = 'mail_queue_list_protocol'
const MAX_STRING_BYTES = 1024 * 1024
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
  yield encodeList([['protocol', PROTOCOL]])
  for await (const message of messages) yield encodeList(messageFields(message, smtputf8))
  yield encodeList([])
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

function encodeList(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return encodeAddress(`${fields.map(([name, value]) => `${name}\0${value}\0`).join('')}\0`)
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
  const strings = new Strings(chunks)
  try {
    await expectValue(strings, 'protocol', PROTOCOL)
    await expectEnd(strings)
    for (;;) {
      const name = await strings.next()
      if (name === '') return
      if (name !== 'queue_name') throw malformed()
      yield await readMessage(strings)
    }
  } finally {
    await strings.return()
  }
}

async function readMessage(strings: Strings): Promise<ListedMessage> {
  const queueName = await strings.next()
  const fields = new Map<string, string>()
  for (const field of MESSAGE_FIELDS) fields.set(field, await readValue(strings, field))
  const recipients: ListedRecipient[] = []
  for (let name = await strings.next(); name !== ''; name = await strings.next()) {
    if (name !== 'recipient') throw malformed()
    const address = await strings.next()
    const reason = await readValue(strings, 'reason')
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

async function readValue(strings: Strings, name: string): Promise<string> {
  if ((await strings.next()) !== name) throw malformed()
  return strings.next()
}

async function expectValue(strings: Strings, name: string, value: string): Promise<void> {
  if ((await readValue(strings, name)) !== value) throw malformed()
}

async function expectEnd(strings: Strings): Promise<void> {
  if ((await strings.next()) !== '') throw malformed()
}

function numberOf(text = ''): number {
  if (!NUMBER.test(text)) throw malformed()
  return Number(text)
}

function malformed(): PostqueueError {
  return new PostqueueError('protocol', 'malformed showq server response')
}

/** The NUL-terminated strings of a stream. */
class Strings {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async next(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(0, this.#at)
      if (end >= 0) {
        const text = decodeAddress(this.#rest.subarray(this.#at, end))
        this.#at = end + 1
        return text
      }
      const left = this.#rest.subarray(this.#at)
      const { done, value } = await this.#chunks.next()
      if (done === true || left.length > MAX_STRING_BYTES) throw malformed()
      this.#rest = Buffer.concat([left, value])
      this.#at = 0
    }
  }

  async return(): Promise<void> {
    await this.#chunks.return?.()
  }
}
