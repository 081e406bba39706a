import { encodeAddress, quoteAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'

import type { Failure } from './failure.ts'
import type { GenericMapping } from './generic-mapping.ts'
import type { SmtpClientOptions } from './options.ts'
import type { SmtpDelivery } from './request.ts'

/** A header that can come before a message, in this order: flags R, O and D (C-175). */
export type PrependedHeader = 'Return-Path' | 'X-Original-To' | 'Delivered-To'

/** Who prepends, and to what. */
interface PrependContext {
  readonly options: Pick<SmtpClientOptions, 'prependedHeaders' | 'serviceName' | 'mimeLimits'>
  readonly mapping: GenericMapping | undefined
  readonly log: Logger
}

type Content = SmtpDelivery['content']

// For one recipient only: the flag, and what it prepends.
const SINGLE = [
  ['D', 'Delivered-To'],
  ['O', 'X-Original-To'],
] as const
const LF = 0x0a
const HEADER = /^([!-9;-~]+)[ \t]*:[ \t]*(.*)$/s
const CONTINUED = /^[ \t]/
const CONTROL = /[\0-\x1f\x7f]/g

/**
 * The delivery with headers before its content, which count as its own from there on. Its size, as
 * a server is told, is that of the content alone, as in Postfix.
 *
 * @param delivery With the addresses that go out.
 * @param original As it came.
 * @returns or why it cannot go out like that: more than one recipient, or it comes around again.
 * @throws {TableError} as a rejection: of the mapping
 */
export async function prependHeaders(
  delivery: SmtpDelivery,
  original: SmtpDelivery,
  { options, mapping, log }: PrependContext,
): Promise<SmtpDelivery | Failure> {
  const { prependedHeaders: wanted, serviceName, mimeLimits } = options
  const { recipients, sender, queueId } = delivery
  const [flag] = SINGLE.find(([, header]) => wanted.has(header)) ?? []
  if (flag !== undefined && recipients.length > 1) {
    const setting = `${serviceName}_destination_recipient_limit = 1`
    log.warning(`flag \`${flag}' requires ${setting}`, { queueId })
    return { kind: 'message', status: '4.3.5', text: 'mail system configuration error' }
  }
  const recipient = quoteAddress(recipients[0]?.address ?? '')
  const first = original.recipients[0]
  if (wanted.has('Delivered-To')) {
    try {
      const isLooping = await wasDelivered(original.content, recipient, mimeLimits.headerSizeLimit)
      const text = `mail forwarding loop for ${first?.address}`
      if (isLooping) return { kind: 'message', status: '5.4.6', text }
    } catch (error) {
      const text = 'message content cannot be read'
      log.warning(`${queueId}: ${text}: ${String(error)}`, { queueId })
      return { kind: 'message', status: '4.3.0', text }
    }
  }
  const before = first?.original || first?.address || ''
  const texts: readonly (readonly [PrependedHeader, () => string | Promise<string>])[] = [
    ['Return-Path', () => `<${quoteAddress(sender)}>`],
    ['X-Original-To', async () => quoteAddress((await mapping?.address(before)) ?? before)],
    ['Delivered-To', () => recipient],
  ]
  const lines: string[] = []
  for (const [name, text] of texts) {
    if (wanted.has(name)) lines.push(`${name}: ${(await text()).replace(CONTROL, '?')}\n`)
  }
  return { ...delivery, content: after(encodeAddress(lines.join('')), delivery.content) }
}

/** Whether a header says that the message was delivered to an address already. */
async function wasDelivered(
  content: Content,
  address: string,
  headerLimit: number,
): Promise<boolean> {
  const wanted = encodeAddress(address).toString('latin1').toLowerCase()
  for await (const line of headerLines(content(), headerLimit)) {
    const [, name, value] = HEADER.exec(line) ?? []
    if (name?.toLowerCase() === 'delivered-to' && value?.toLowerCase() === wanted) return true
    if (name === undefined && !CONTINUED.test(line)) return false
  }
  return false
}

/** Lines of the content, an octet a character, up to one that is longer than any header. */
async function* headerLines(
  source: ReturnType<Content>,
  limit: number,
): AsyncGenerator<string, void, void> {
  let rest = ''
  for await (const chunk of source) {
    let start = 0
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, start)) {
      yield rest + latin1(chunk, start, lf)
      rest = ''
      start = lf + 1
    }
    rest += latin1(chunk, start, chunk.length)
    if (rest.length > limit) return
  }
}

function latin1(chunk: Uint8Array, start: number, end: number): string {
  return Buffer.from(chunk.buffer, chunk.byteOffset + start, end - start).toString('latin1')
}

function after(header: Uint8Array, content: Content): Content {
  return () => {
    const source = content()
    return Symbol.iterator in source ? both(header, source) : bothInTime(header, source)
  }
}

function* both(
  header: Uint8Array,
  source: Iterable<Uint8Array>,
): Generator<Uint8Array, void, void> {
  yield header
  yield* source
}

async function* bothInTime(
  header: Uint8Array,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  yield header
  yield* source
}
