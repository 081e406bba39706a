/** The record types that this package knows, by their byte (F-31). */
export const RecordType = {
  size: 0x43, // C
  time: 0x54, // T
  attribute: 0x41, // A
  fullName: 0x46, // F
  sender: 0x53, // S
  contentFilter: 0x4c, // L, in the envelope and the extracted segment
  partialText: 0x4c, // L, in the content
  text: 0x4e, // N
  redirect: 0x3e, // >
  inspector: 0x49, // I
  verpDelimiters: 0x56, // V
  warningTime: 0x57, // W
  original: 0x4f, // O
  recipient: 0x52, // R
  done: 0x44, // D
  cancelled: 0x2f, // /
  killed: 0x4b, // K
  content: 0x4d, // M
  padding: 0x77, // w
  pointer: 0x70, // p
  extracted: 0x58, // X
  end: 0x45, // E
  createTime: 0x63, // c
  envelopeId: 0x69, // i
  returnFlags: 0x3c, // <
  dsnOriginal: 0x6f, // o
  notify: 0x6e, // n
  returnReceipt: 0x72, // r
  errorsTo: 0x65, // e
  priority: 0x50, // P
  flags: 0x66, // f, between processes
} as const

const NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [RecordType.size, 'message_size'],
  [RecordType.time, 'message_arrival_time'],
  [RecordType.attribute, 'named_attribute'],
  [RecordType.fullName, 'sender_fullname'],
  [RecordType.sender, 'sender'],
  [RecordType.contentFilter, 'content_filter'],
  [RecordType.text, 'regular_text'],
  [RecordType.redirect, 'redirect_to'],
  [RecordType.inspector, 'content_inspector'],
  [RecordType.verpDelimiters, 'verp_delimiters'],
  [RecordType.warningTime, 'warning_message_time'],
  [RecordType.original, 'original_recipient'],
  [RecordType.recipient, 'recipient'],
  [RecordType.done, 'done_recipient'],
  [RecordType.cancelled, 'canceled_recipient'],
  [RecordType.killed, 'killed_record'],
  [RecordType.content, 'message_content'],
  [RecordType.padding, 'padding'],
  [RecordType.pointer, 'pointer_record'],
  [RecordType.extracted, 'extracted_info'],
  [RecordType.end, 'message_end'],
  [RecordType.createTime, 'queue_file_create_time'],
  [RecordType.envelopeId, 'dsn_envelope_id'],
  [RecordType.returnFlags, 'dsn_return_flags'],
  [RecordType.dsnOriginal, 'dsn_original_recipient'],
  [RecordType.notify, 'dsn_notify_flags'],
  [RecordType.returnReceipt, 'return_receipt'],
  [RecordType.errorsTo, 'errors_to'],
  [RecordType.priority, 'priority'],
  [RecordType.flags, 'flags'],
])

/**
 * The name of a record type, as postcat(1) shows it (F-31).
 *
 * @param segment `L` is unfinished text in the content, and a content filter elsewhere.
 */
export function recordName(
  type: number,
  segment: 'envelope' | 'content' | 'extracted' = 'envelope',
): string {
  if (type === RecordType.partialText && segment === 'content') return 'unterminated_text'
  return NAMES.get(type) ?? 'unknown_record_type'
}

/** Largest payload of a record, in bytes: four groups of seven bits (F-29). */
export const MAX_PAYLOAD_BYTES: number = 2 ** 28 - 1

/** Largest payload whose length takes one byte. */
export const MAX_ONE_BYTE_LENGTH = 0x7f

/** Bytes of the longest record header: the type, and four groups of length. */
export const MAX_HEADER_BYTES = 5

/**
 * Writes type and length of a record at `at` (F-29); `target` has room for `MAX_HEADER_BYTES`.
 *
 * @param length Bytes of the payload, up to `MAX_PAYLOAD_BYTES`.
 * @returns where the payload goes.
 */
export function writeHeader(target: Uint8Array, at: number, type: number, length: number): number {
  let rest = length
  target[at++] = type
  while (rest > MAX_ONE_BYTE_LENGTH) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}

/**
 * A record: type, length and payload (F-29).
 *
 * @throws {RangeError} from 256 MiB on.
 */
export function encodeRecord(type: number, payload: Uint8Array): Buffer {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(`expected a record of at most ${MAX_PAYLOAD_BYTES} bytes`)
  }
  const record = Buffer.allocUnsafe(MAX_HEADER_BYTES + payload.length)
  const at = writeHeader(record, 0, type, payload.length)
  record.set(payload, at)
  return record.subarray(0, at + payload.length)
}
