import { decodeAddress, quoteAddress } from '@posthouse/mail-address'
import {
  BadRecordError,
  parseTimeMs,
  type QueueRecord,
  type RecordReader,
  RecordType,
} from '@posthouse/queue-store'

/** A recipient of a queue file that is still to be delivered, in external form. */
export interface FileRecipient {
  /** Empty: the null recipient. */
  readonly address: string
  readonly originalAddress: string | undefined
}

/** What a listing tells of a queue file. */
export interface QueueFileSummary {
  /** Field 1 of the size record, if there is one that can be used. */
  readonly sizeBytes: number | undefined
  readonly arrivalMs: number | undefined
  /** External form; empty: the null sender. */
  readonly sender: string
  readonly recipients: readonly FileRecipient[]
}

/** What is odd about a file, without `warning: `. */
export type Warn = (text: string) => void

const SKIPPING = '-- skipping remainder of this file'

/**
 * Reads a queue file as far as it can be read: a listing shows damaged files, too (F-52).
 *
 * @param id The name of the file, and `path` its place, such as `hold/ID`, for warnings.
 * @returns undefined if there is no sender before the first recipient.
 */
export async function readQueueFile(
  reader: RecordReader,
  { id, path }: { readonly id: string; readonly path: string },
  warn: Warn,
): Promise<QueueFileSummary | undefined> {
  const summary = new SummaryReader(id, warn)
  try {
    for (let record = await reader.read(); record !== undefined; record = await reader.read()) {
      // A record of type 0 is what a hole in the file looks like.
      if (record.type === RecordType.end || record.type === 0) break
      if (!summary.take(record)) break
      if (record.type === RecordType.content && summary.contentEnd > 0) {
        reader.seek(summary.contentEnd)
      }
    }
  } catch (error) {
    if (!(error instanceof BadRecordError)) throw error
    warn(`${path}: ${error.message}`)
  }
  return summary.result()
}

class SummaryReader {
  readonly #id: string
  readonly #warn: Warn
  readonly #recipients: FileRecipient[] = []
  #sizeBytes: number | undefined
  #arrivalMs: number | undefined
  #sender: string | undefined
  #original: string | undefined
  /** Offset of the record behind the content; 0 where that is not known. */
  contentEnd = 0

  constructor(id: string, warn: Warn) {
    this.#id = id
    this.#warn = warn
  }

  /** @returns false if nothing behind this record counts. */
  take(record: QueueRecord): boolean {
    switch (record.type) {
      case RecordType.size:
        this.#takeSize(record.data.toString('latin1'))
        return true
      case RecordType.time:
        this.#arrivalMs ??= parseTimeMs(textOf(record))
        return true
      case RecordType.sender:
        return this.#takeSender(textOf(record))
      case RecordType.original:
        this.#original = textOf(record)
        return this.#hasSender()
      case RecordType.recipient:
        this.#takeRecipient(textOf(record))
        return this.#hasSender()
      case RecordType.done:
      case RecordType.cancelled:
        this.#original = undefined
        return true
      default:
        return true
    }
  }

  result(): QueueFileSummary | undefined {
    if (this.#sender === undefined) return undefined
    return {
      sizeBytes: this.#sizeBytes,
      arrivalMs: this.#arrivalMs,
      sender: quoteAddress(this.#sender),
      recipients: this.#recipients,
    }
  }

  // More tolerant than whoever delivers: only the first number has to be one (F-52).
  #takeSize(text: string): void {
    const [size = Number.NaN, offset = 0] = text.trim().split(/\s+/).map(Number)
    if (!(size >= 0)) {
      this.#warn(`${this.#id}: malformed size record: ${text} -- using file size instead`)
      return
    }
    this.#sizeBytes ??= size
    if (offset > 0 && size > 0) this.contentEnd = offset + size
  }

  #takeSender(address: string): boolean {
    if (this.#sender === undefined) {
      this.#sender = address
      return true
    }
    this.#warn(`${this.#id}: duplicate sender address: ${quoteAddress(address)} ${SKIPPING}`)
    return false
  }

  #takeRecipient(address: string): void {
    const original = this.#original
    this.#original = undefined
    const isAnother = original !== undefined && original.toLowerCase() !== address.toLowerCase()
    this.#recipients.push({
      address: quoteAddress(address),
      originalAddress: isAnother ? quoteAddress(original) : undefined,
    })
  }

  #hasSender(): boolean {
    if (this.#sender !== undefined) return true
    // With nothing behind the colon, as release 3.7 has it.
    this.#warn(`${this.#id}: missing sender address:  ${SKIPPING}`)
    return false
  }
}

// Text ends at its first NUL for other readers, too (F-30).
function textOf({ data }: QueueRecord): string {
  const nul = data.indexOf(0)
  return decodeAddress(nul < 0 ? data : data.subarray(0, nul))
}
