import type { Later } from '@posthouse/lookup-table'
import { encodeAddress } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'
import { cutHeader, type MimeErrorCode } from '@posthouse/mime-stream'
import { ContentWriter } from '@posthouse/queue-store'

import type { AddressMapping, Warn } from './address-mapping.ts'
import type { CleanupOptions } from './cleanup-options.ts'
import type { ContentChecks } from './content-checks.ts'
import { ContentReader } from './content-reader.ts'
import type { HeaderRules } from './header-rules.ts'
import { writeHeader } from './header-text.ts'
import type { Inspection } from './inspection.ts'
import { andThen } from './later.ts'
import type { MailDates } from './mail-dates.ts'
import { messageText } from './message-text.ts'
import type { MimeProblem } from './mime-problems.ts'
import { type MissingHeaderFacts, missingHeaders } from './missing-headers.ts'
import { PrimaryHeader } from './primary-header.ts'

// Room for the headers that are added.
const ADDED_BYTES = 1024
// The buffer need not grow for one block, and what comes before it is stored.
const MAX_EXPECTED_BYTES = 262_144

/** What turns the text of messages into records; one for all messages. */
export interface ContentContext {
  readonly options: CleanupOptions
  readonly rules: HeaderRules
  /** The same for headers that are not to be rewritten. */
  readonly remoteRules: HeaderRules
  readonly checks: ContentChecks
  /** What is refused for its MIME structure, by the code of mime-stream. */
  readonly refusedMime: ReadonlyMap<MimeErrorCode, MimeProblem>
  readonly dates: MailDates
  readonly log: Logger
  /** Completes an address in external form. */
  readonly rewriteExternal: (address: string) => string
}

/** One message, and how to deal with it. */
export interface ContentTask {
  readonly text: Uint8Array
  /** Our own header, each line with its LF. */
  readonly received: string
  readonly facts: MissingHeaderFacts
  /** The header is that of a stranger: nothing is added, and no address is rewritten (F-39). */
  readonly isRemote: boolean
  readonly inspection: Inspection
  /** Maps the addresses in the header; undefined: they are completed only. */
  readonly mapping: AddressMapping | undefined
  /** Takes warnings with the queue id. */
  readonly warn: Warn
  /** Most bytes of records; for more it is `too-large`. */
  readonly maxBytes: number
  /** Takes records of a large message over, for good once it resolves. */
  readonly store: (records: Uint8Array) => Promise<void>
}

const REQUIRE_TLS = Buffer.from('Require-TLS-ESMTP: yes')

/** The text of a message as it is stored, and what was found in it. */
export interface StoredContent {
  /** Records (Q-902: from `M` to `X`), those that were not given to `store`. */
  readonly content: Uint8Array
  /** The text of `content`, if that is all. */
  readonly text: Uint8Array | undefined
  readonly messageId: string | undefined
  readonly is8bit: boolean
  readonly tlsRequiredNo: boolean
  /** A header asks for REQUIRETLS. */
  readonly requiresTls: boolean
  /** A byte above 0x7F in a header that was not missing, our `Received:` included. */
  readonly hasNonAsciiHeader: boolean
}

/**
 * Makes the records of a message: our `Received:`, its header, what is missing there, its body
 * . Later only if a table that was asked answers later.
 *
 * @returns what is of use only if `inspection` is not over then.
 * @throws {RefusalError} at once or as a rejection
 * @throws {QueueFileError} the same: `too-large`, and what `store` throws.
 */
export function storedContent(task: ContentTask, context: ContentContext): Later<StoredContent> {
  const { text, received, facts, isRemote, inspection, mapping, warn, store } = task
  const { options, checks, refusedMime } = context
  const expectedBytes = Math.min(text.length, MAX_EXPECTED_BYTES) + ADDED_BYTES
  const writer = new ContentWriter(options.lineLengthLimit, expectedBytes, task.maxBytes)
  const rules = isRemote ? context.remoteRules : context.rules
  const primary = new PrimaryHeader({ queueId: facts.queueId, rules, mapping, warn }, context)
  let madeMessageId: string | undefined
  const endPrimary = (): void => {
    const isAsked = facts.requiresTls && options.requireTlsHeader
    if (isAsked && !primary.has('require-tls-esmtp')) writeHeader(writer, REQUIRE_TLS)
    if (isRemote && !options.alwaysAddMissingHeaders) return
    madeMessageId = addMissingHeaders(writer, primary, facts, context)
  }
  const reading = { options, checks, refusedMime, writer, store, primary, inspection, endPrimary }
  const reader = new ContentReader(reading)
  const finish = (): StoredContent => ({
    content: writer.finish(),
    text: writer.contentText,
    messageId: primary.messageId ?? (primary.isResent ? undefined : madeMessageId),
    is8bit: reader.is8bit,
    tlsRequiredNo: primary.tlsRequiredNo,
    requiresTls: primary.requiresTls,
    hasNonAsciiHeader: reader.hasNonAsciiHeader,
  })
  return andThen(readAll(reader, text, received, options, inspection), finish)
}

function readAll(
  reader: ContentReader,
  text: Uint8Array,
  received: string,
  options: CleanupOptions,
  inspection: Inspection,
): Later<undefined> {
  const own = encodeAddress(received)
  const { texts, disallowed } = messageText(own, text, options)
  return andThen(pushAll(reader, texts), () => {
    if (disallowed === undefined) return reader.end()
    if (!inspection.isOver) inspection.disallowedCharacter(disallowed)
    return undefined
  })
}

/** @param texts Few. */
function pushAll(reader: ContentReader, texts: readonly Buffer[], from = 0): Later<undefined> {
  for (let at = from; at < texts.length; at++) {
    const pushing = reader.push(texts[at]!)
    if (pushing !== undefined) return pushing.then(() => pushAll(reader, texts, at + 1))
  }
  return undefined
}

/** @returns the message id, if one was missing. */
function addMissingHeaders(
  writer: ContentWriter,
  primary: PrimaryHeader,
  facts: MissingHeaderFacts,
  { options, dates, log }: ContentContext,
): string | undefined {
  const missing = missingHeaders(primary, facts, options, dates)
  for (const line of missing.headers) {
    writeHeader(writer, cutHeader(encodeAddress(line), options.headerSizeLimit))
  }
  logMessageIds(primary, missing.messageId, facts.queueId, log)
  return missing.messageId
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
