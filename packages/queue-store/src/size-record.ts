/** The six numbers at the start of a queue file (F-33). Bytes, offsets in bytes, and bits. */
export interface SizeRecord {
  readonly dataSize: number
  readonly contentOffset: number
  readonly recipientCount: number
  readonly flags: number
  readonly contentLength: number
  readonly sendOptions: number
}

/** Why a size record is no good, in Postfix's words. */
export interface SizeRecordProblem {
  readonly problem: string
  /** Field 3, as far as the record tells. */
  readonly promisedRecipients: number
}

const COLUMN_BYTES = 15
/** Where the six numbers end in the payload of a size record. */
export const NUMBER_ENDS: readonly number[] = [0, 1, 2, 3, 4, 5].map(
  (index) => COLUMN_BYTES + index * (COLUMN_BYTES + 1),
)
/** Bytes of the payload that `formatSizeRecord` makes. */
export const SIZE_RECORD_BYTES = 95

/** Bit of field 4: in a segment, other records come behind the first recipient (F-34). */
export const MIXED = 1

/** Bit of field 4: NOTIFY=SUCCESS. */
export const SUCCESS_ASKED = 4

/** Bits of field 4: recipients mixed with other records, and the NOTIFY bits shifted by one. */
const KNOWN_FLAGS = 0b11111

/** The payload of a size record: six numbers, right-aligned in 15 columns, a blank between them. */
export function formatSizeRecord(record: SizeRecord): string {
  const { dataSize, contentOffset, recipientCount, flags, contentLength, sendOptions } = record
  return (
    `${column(dataSize)} ${column(contentOffset)} ${column(recipientCount)} ` +
    `${column(flags)} ${column(contentLength)} ${column(sendOptions)}`
  )
}

/** A number right-aligned in 15 columns, as size, warning and pointer records have them. */
export function column(value: number): string {
  return String(value).padStart(COLUMN_BYTES)
}

/**
 * Reads a size record of any age (F-35). Of a record with one number, the content offset is 0: it
 * and the size are to be taken from the `M` record.
 *
 * @returns what is wrong with it, in Postfix's words, when it cannot be used.
 */
export function parseSizeRecord(text: string): SizeRecord | SizeRecordProblem {
  const numbers = numbersOf(text)
  const [dataSize, contentOffset = 0, recipientCount = 0, flags = 0] = numbers
  if (dataSize === undefined) return badSize('message rejected: weird size record', 0)
  const [contentLength = dataSize, sendOptions = 0] = numbers.slice(4)
  const hasOffset = numbers.length > 1
  if (dataSize <= 0 || (hasOffset && contentOffset <= 0) || contentLength < 0) {
    return badSize(`invalid size record: ${text.slice(0, 100)}`, recipientCount)
  }
  if ((flags & ~KNOWN_FLAGS) !== 0) {
    return badSize(`invalid flags in size record: ${text.slice(0, 100)}`, recipientCount)
  }
  return { dataSize, contentOffset, recipientCount, flags, contentLength, sendOptions }
}

/**
 * The send options in a size record whose other numbers need not be known: in those of sendmail(1)
 * they are -1 (F-91). 0 if there are none.
 */
export function parseSendOptions(text: string): number {
  return numbersOf(text)[5] ?? 0
}

function numbersOf(text: string): number[] {
  const numbers: number[] = []
  for (const word of text.trim().split(/\s+/)) {
    const digits = /^[-+]?\d+/.exec(word)?.[0]
    if (digits === undefined) break
    numbers.push(Number(digits))
    if (digits.length < word.length) break
  }
  return numbers
}

function badSize(problem: string, promisedRecipients: number): SizeRecordProblem {
  return { problem, promisedRecipients }
}
