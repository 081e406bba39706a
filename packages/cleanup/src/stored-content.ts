import { isAscii } from 'node:buffer'
import type { Later } from '@posthouse/lookup-table'
import { encodeAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'
import { ContentWriter } from '@posthouse/queue-store'

import type { AddressMapping, Warn } from './address-mapping.ts'
import type { CleanupOptions } from './cleanup-options.ts'
import type { ContentChecks } from './content-checks.ts'
import type { HeaderRules } from './header-rules.ts'
import { cutHeader } from './header-syntax.ts'
import { andThen } from './later.ts'
import type { MailDates } from './mail-dates.ts'
import { disarmStart } from './mailbox-lines.ts'
import { type MissingHeaderFacts, missingHeaders } from './missing-headers.ts'
import { PrimaryHeader } from './primary-header.ts'

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const EMPTY = new Uint8Array(0)
// Room for the headers that are added.
const ADDED_BYTES = 1024

/** What turns the text of messages into records; one for all messages. */
export interface ContentContext {
  readonly options: CleanupOptions
  readonly rules: HeaderRules
  readonly checks: ContentChecks
  readonly dates: MailDates
  readonly log: Logger
  /** Completes an address in external form. */
  readonly rewriteExternal: (address: string) => string
}

/** The text of a message as it is stored, and what was found in it. */
export interface StoredContent {
  /** Records (Q-902: from `M` to `X`). */
  readonly content: Uint8Array
  readonly messageId: string | undefined
  readonly is8bit: boolean
  readonly tlsRequiredNo: boolean
  /** A byte above 0x7F in the header, our own headers included. */
  readonly hasNonAsciiHeader: boolean
}

/**
 * Makes the records of a message: our `Received:`, its header, what is missing there, its body
 * . MIME structure, header and body checks are not looked at. Later only if a
 * table that was asked answers later.
 *
 * @param mapping Maps the addresses in the header; undefined: they are completed only.
 * @param warn Takes warnings with the queue id.
 * @returns undefined when the message has passed too many hosts.
 */
export function storedContent(
  text: Uint8Array,
  received: string,
  facts: MissingHeaderFacts,
  context: ContentContext,
  mapping: AddressMapping | undefined,
  warn: Warn,
): Later<StoredContent | undefined> {
  const { options, rules, log, rewriteExternal } = context
  const content = withoutStrayCr(disarmStart(asBuffer(text), options.lineLengthLimit), options)
  const writer = new ContentWriter(options.lineLengthLimit, content.length + ADDED_BYTES)
  const { queueId } = facts
  const own = encodeAddress(received)
  writeHeader(writer, cutHeader(own, options.headerSizeLimit))
  const maxTokens = options.headerAddressTokenLimit
  const addresses = { maxTokens, rewriteExternal, mapping, log, warn }
  const header = new PrimaryHeader({ queueId, options, rules, writer, log, addresses }, content)
  return andThen(header.copy(), (bodyStart) => {
    if (header.isLooping) return undefined
    const isOwnAscii = isAscii(own)
    return finishContent({ content, writer, header, bodyStart, isOwnAscii }, facts, context)
  })
}

interface ContentUnderWay {
  readonly content: Buffer
  readonly writer: ContentWriter
  readonly header: PrimaryHeader
  readonly bodyStart: number
  readonly isOwnAscii: boolean
}

/** Adds what is missing in the header, and the body. */
function finishContent(
  { content, writer, header, bodyStart, isOwnAscii }: ContentUnderWay,
  facts: MissingHeaderFacts,
  { options, dates, log }: ContentContext,
): StoredContent {
  const missing = missingHeaders(header, facts, options, dates)
  const added = missing.headers.map((line) => encodeAddress(line))
  for (const bytes of added) writeHeader(writer, cutHeader(bytes, options.headerSizeLimit))
  logMessageIds(header, missing.messageId, facts.queueId, log)

  // A line that is no header ends the header as well; then the empty line is ours (Q-512, F-45).
  if (bodyStart < content.length && content[bodyStart] !== LF) writer.line(EMPTY)
  writer.text(content, bodyStart)
  return {
    content: writer.finish(),
    messageId: header.messageId ?? (header.isResent ? undefined : missing.messageId),
    is8bit: header.is8bit,
    tlsRequiredNo: header.tlsRequiredNo,
    hasNonAsciiHeader: header.hasNonAscii || !isOwnAscii || added.some((line) => !isAscii(line)),
  }
}

/** a message id of our own, and that there is none. */
function logMessageIds(
  header: PrimaryHeader,
  added: string | undefined,
  queueId: string,
  log: Logger,
): void {
  if (added !== undefined) {
    const event = header.isResent ? 'resent-message-id' : 'message-id'
    log.info(`${queueId}: ${event}=${added}`, { event, queueId, messageId: added })
  }
  if (header.isResent && !header.has('message-id')) {
    log.info(`${queueId}: message-id=<>`, { event: 'message-id', queueId, messageId: '<>' })
  }
}

/** Writes a whole header, its lines joined by LF. */
function writeHeader(writer: ContentWriter, header: Buffer): void {
  const lastLine = header.lastIndexOf(LF) + 1
  writer.text(header, 0, lastLine)
  writer.line(header, lastLine)
}

/** Q-513, in a copy: the text belongs to the caller. */
function withoutStrayCr(content: Buffer, { replaceStrayCr }: CleanupOptions): Buffer {
  if (!replaceStrayCr || !content.includes(CR)) return content
  const copy = Buffer.from(content)
  for (let at = copy.indexOf(CR); at >= 0; at = copy.indexOf(CR, at + 1)) copy[at] = SPACE
  return copy
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
