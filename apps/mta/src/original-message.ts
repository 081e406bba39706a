import type { OriginalMessage } from '@posthouse/bounce'
import type { Logger } from '@posthouse/mail-log'
import { type MessageEnvelope, QueueFileError, type QueueStore } from '@posthouse/queue-store'

/** How the original of a notification is read. */
export interface OriginalOptions {
  readonly store: QueueStore
  readonly log: Logger
  /** `enable_threaded_bounces`: the Message-ID is of interest. */
  readonly threadedBounces: boolean
  /** `disable_verp_bounces` */
  readonly disableVerp: boolean
}

const RETURN_HEADERS = 2 // F-39, ret_flags.
// A Message-ID that begins later than here is not looked for.
const MAX_HEADER_BYTES = 65_536
const MESSAGE_ID = /^message-id[ \t]*:\s*(\S+)/im

/** What a notification says of a message in the queue `active`, and gives back of it. */
export async function originalMessage(
  message: MessageEnvelope,
  { store, log, threadedBounces, disableVerp }: OriginalOptions,
): Promise<OriginalMessage> {
  const { id, sender, arrivalTimeMs, dataSize, encoding, sendOptions, attributes } = message
  const number = (name: string): number => Number(attributes.get(name) ?? 0) || 0
  const read = () => store.readContent(id, 'active', message)
  const start = await startOf(read(), id, log)
  return {
    ...{ queueId: id, sender, arrivalTimeMs, encoding, sendOptions, contentBytes: dataSize },
    envelopeId: attributes.get('envelope_id') ?? '',
    returnHeaders: (number('ret_flags') & RETURN_HEADERS) !== 0,
    traceFlags: number('trace_flags'),
    messageId: threadedBounces ? messageId(attributes.get('message_id'), start) : '',
    verpDelimiters: disableVerp ? undefined : message.verpDelimiters,
    content: start === undefined ? undefined : read,
  }
}

/** The first chunk; undefined if the message is damaged or gone: who waits for it must be told. */
async function startOf(
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  queueId: string,
  log: Logger,
): Promise<Uint8Array | undefined> {
  try {
    for await (const chunk of content) return chunk
    return new Uint8Array(0)
  } catch (error) {
    if (!(error instanceof QueueFileError)) throw error
    const text = `${queueId}: cannot return the message: ${error.message}`
    log.warning(text, { queueId, reason: error.message })
    return undefined
  }
}

/** F-75: files of older releases do not tell. */
function messageId(known: string | undefined, start: Uint8Array | undefined): string {
  if (known !== undefined || start === undefined) return known ?? ''
  const text = Buffer.from(start.subarray(0, MAX_HEADER_BYTES)).toString('latin1')
  const end = text.indexOf('\n\n')
  return MESSAGE_ID.exec(end < 0 ? text : text.slice(0, end + 1))?.[1] ?? ''
}
