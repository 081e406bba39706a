const DIGITS_52 = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz'
const SECONDS_DIGITS = 6
const MICROSECONDS_DIGITS = 4
const INODE_SEPARATOR = 'z'
// A name with its last `z` at or behind this index is a long one.
const MIN_SEPARATOR_INDEX = SECONDS_DIGITS + MICROSECONDS_DIGITS
const SHORT_MICROSECONDS_DIGITS = 5

const FILE_NAME = /^[A-Za-z0-9_]{1,255}$/

/** What a queue id was made of. Short ids do not tell the seconds. */
export interface QueueIdParts {
  readonly seconds?: number
  readonly microseconds: number
  readonly inode: bigint
}

/** Whether `name` may be a file of a queue: 1 to 255 ASCII letters, digits or `_` (F-2). */
export function isQueueFileName(name: string): boolean {
  return FILE_NAME.test(name)
}

/** `enable_long_queue_ids = no`: microseconds and inode in hex (F-4). Repeats over time. */
export function encodeShortId(microseconds: number, inode: number | bigint): string {
  return shortMicroseconds(microseconds) + inode.toString(16).toUpperCase()
}

/** `enable_long_queue_ids = yes`: seconds, microseconds and inode; does not repeat (F-5). */
export function encodeLongId(
  seconds: number,
  microseconds: number,
  inode: number | bigint,
): string {
  return (
    encodeDigits(seconds, 52).padStart(SECONDS_DIGITS, '0') +
    encodeDigits(microseconds, 52).padStart(MICROSECONDS_DIGITS, '0') +
    INODE_SEPARATOR +
    encodeDigits(inode, 51)
  )
}

/** Takes a queue id of either form apart; undefined when it is neither (F-6). */
export function decodeQueueId(id: string): QueueIdParts | undefined {
  const separator = id.lastIndexOf(INODE_SEPARATOR)
  if (separator < MIN_SEPARATOR_INDEX) return decodeShortId(id)
  const microsecondsAt = separator - MICROSECONDS_DIGITS
  const seconds = decodeDigits(id.slice(0, microsecondsAt), 52)
  const microseconds = decodeDigits(id.slice(microsecondsAt, separator), 52)
  const inode = decodeDigits(id.slice(separator + 1), 51)
  if (seconds === undefined || microseconds === undefined || inode === undefined) return undefined
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return { seconds: Number(seconds), microseconds: Number(microseconds), inode }
}

/**
 * The inode number in a queue id of either form, whatever the rest of the id is; undefined when
 * there is none (F-6).
 */
export function decodeInode(id: string): bigint | undefined {
  const separator = id.lastIndexOf(INODE_SEPARATOR)
  if (separator >= MIN_SEPARATOR_INDEX) return decodeDigits(id.slice(separator + 1), 51)
  return decodeHex(id.slice(SHORT_MICROSECONDS_DIGITS))
}

/**
 * The key from which the hash directories of a file are taken: the microseconds of a long id as
 * five hex digits, else the name itself (F-8).
 */
export function hashKey(id: string): string {
  const separator = id.lastIndexOf(INODE_SEPARATOR)
  if (separator < MIN_SEPARATOR_INDEX) return id
  const digits = id.slice(separator - MICROSECONDS_DIGITS, separator)
  return shortMicroseconds(Number(decodeDigits(digits, 52) ?? 0n))
}

function shortMicroseconds(microseconds: number): string {
  return microseconds.toString(16).toUpperCase().padStart(SHORT_MICROSECONDS_DIGITS, '0')
}

function decodeShortId(id: string): QueueIdParts | undefined {
  const microseconds = id.slice(0, SHORT_MICROSECONDS_DIGITS)
  const inode = decodeHex(id.slice(SHORT_MICROSECONDS_DIGITS))
  if (!/^[0-9A-Fa-f]{5}$/.test(microseconds) || inode === undefined) return undefined
  return { microseconds: Number.parseInt(microseconds, 16), inode }
}

function decodeHex(text: string): bigint | undefined {
  return /^[0-9A-Fa-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined
}

function encodeDigits(value: number | bigint, base: 51 | 52): string {
  let digits = ''
  if (typeof value === 'bigint') {
    for (; value > BigInt(Number.MAX_SAFE_INTEGER); value /= BigInt(base)) {
      digits = DIGITS_52[Number(value % BigInt(base))] + digits
    }
    value = Number(value)
    if (value === 0 && digits !== '') return digits
  }
  do {
    digits = DIGITS_52[value % base] + digits
    value = Math.floor(value / base)
  } while (value > 0)
  return digits
}

function decodeDigits(text: string, base: 51 | 52): bigint | undefined {
  let value = 0n
  for (const character of text) {
    const digit = DIGITS_52.indexOf(character)
    if (digit < 0 || digit >= base) return undefined
    value = value * BigInt(base) + BigInt(digit)
  }
  return text === '' || value >= 2n ** 64n ? undefined : value
}
