import type { Connection } from './connection.ts'
import { ContentEncoder } from './content-encoder.ts'

// Content gathers up to this size before it is written, so most messages are one write.
const WRITE_BYTES = 65_536

/** What is to be sent, and how. */
export interface ContentPlan {
  readonly content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** Octets; a guess for the buffer. Undefined: it may be large. */
  readonly contentSize: number | undefined
  /** `smtp_line_length_limit`. */
  readonly lineLimit: number
  /** What follows the content: `.` CRLF, maybe QUIT. */
  readonly trailer: string
  /** Comes between them; undefined: they may go out together. */
  readonly pause: (() => Promise<void>) | undefined
  readonly timeoutMs: number
}

/** The content cannot be read. Nothing of the end of data was sent. */
export class ContentError extends Error {
  override readonly name = 'ContentError'
}

/**
 * Sends the content and the trailer, no faster than the server takes them. A small message that is
 * in memory goes out at once.
 *
 * @returns whether a line was longer than the limit.
 * @throws {ConversationError | ContentError} also when returning a promise: it rejects.
 */
export function sendContent(connection: Connection, plan: ContentPlan): boolean | Promise<boolean> {
  const { contentSize = Number.POSITIVE_INFINITY } = plan
  const expected = Math.min(Math.max(contentSize, 0), WRITE_BYTES) + plan.trailer.length
  const encoder = new ContentEncoder(plan.lineLimit, expected)
  const source = openContent(plan.content)
  const isLarge = contentSize > WRITE_BYTES
  if (isLarge || !(Symbol.iterator in source) || plan.pause !== undefined) {
    return sendInPieces(connection, plan, source, encoder)
  }
  try {
    for (const chunk of source) encoder.write(chunk)
  } catch (cause) {
    connection.sendBytes(encoder.take()) // Without the dot it is no message.
    throw unreadable(cause)
  }
  encoder.end(plan.trailer)
  connection.sendBytes(encoder.take())
  return encoder.brokeLine
}

async function sendInPieces(
  connection: Connection,
  plan: ContentPlan,
  source: ReturnType<ContentPlan['content']>,
  encoder: ContentEncoder,
): Promise<boolean> {
  try {
    await sendChunks(connection, plan.timeoutMs, source, encoder)
  } catch (error) {
    if (error instanceof ContentError) connection.sendBytes(encoder.take()) // As above.
    throw error
  }
  if (plan.pause !== undefined) {
    encoder.end('')
    await flush(connection, encoder, plan.timeoutMs)
    await plan.pause()
  }
  encoder.end(plan.trailer)
  const { contentSize = Number.POSITIVE_INFINITY } = plan
  if (!connection.sendBytes(encoder.take()) && contentSize > WRITE_BYTES) {
    await connection.drained(plan.timeoutMs)
  }
  return encoder.brokeLine
}

async function sendChunks(
  connection: Connection,
  timeoutMs: number,
  source: ReturnType<ContentPlan['content']>,
  encoder: ContentEncoder,
): Promise<void> {
  if (Symbol.iterator in source) {
    // A loop of its own: `for await` would wait for a promise at every chunk in memory.
    for (const chunk of guarded(source)) {
      encoder.write(chunk)
      if (encoder.length >= WRITE_BYTES) await flush(connection, encoder, timeoutMs)
    }
    return
  }
  for await (const chunk of guardedAsync(source)) {
    encoder.write(chunk)
    if (encoder.length >= WRITE_BYTES) await flush(connection, encoder, timeoutMs)
  }
}

async function flush(
  connection: Connection,
  encoder: ContentEncoder,
  timeoutMs: number,
): Promise<void> {
  if (!connection.sendBytes(encoder.take())) await connection.drained(timeoutMs)
}

function openContent(open: ContentPlan['content']): ReturnType<ContentPlan['content']> {
  try {
    return open()
  } catch (cause) {
    throw unreadable(cause)
  }
}

function unreadable(cause: unknown): ContentError {
  return new ContentError('message content cannot be read', { cause })
}

// Errors of the source must not be taken for errors of the connection, nor the other way round.
function* guarded(source: Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
  const iterator = source[Symbol.iterator]()
  for (;;) {
    let result: IteratorResult<Uint8Array>
    try {
      result = iterator.next()
    } catch (cause) {
      throw unreadable(cause)
    }
    if (result.done === true) return
    yield result.value
  }
}

async function* guardedAsync(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  const iterator = source[Symbol.asyncIterator]()
  try {
    for (;;) {
      let result: IteratorResult<Uint8Array>
      try {
        result = await iterator.next()
      } catch (cause) {
        throw unreadable(cause)
      }
      if (result.done === true) return
      yield result.value
    }
  } finally {
    // Releases a file when the connection broke in the middle.
    await iterator.return?.()
  }
}
