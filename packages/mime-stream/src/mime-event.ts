import type { MimeEntity } from './entity.ts'

/** Which headers: of the message, of a part of a multipart, of a message inside the message. */
export type HeaderBlock = 'message' | 'part' | 'nested'

/** The table that a header is looked up in; the client has its own, `smtp_` before it. */
export type HeaderChecks = 'header_checks' | 'mime_header_checks' | 'nested_header_checks'

/** One header with its continuation lines. All bytes may be views of the chunk. */
export interface HeaderEvent {
  readonly kind: 'header'
  readonly block: HeaderBlock
  readonly checks: HeaderChecks
  /** In lower case. */
  readonly name: string
  /** As it came, line ends included; beyond `header_size_limit` cut, with an LF. */
  readonly raw: Buffer
  /**
   * As Postfix reads it: without the last line end, without blanks before the colon, each line up
   * to its first NUL, at most `header_size_limit` bytes. What header checks look up.
   */
  readonly text: Buffer
  /** Offset in `text`. */
  readonly colon: number
  /** What Postfix stores: `text`, but if that was cut, maybe whole lines only. */
  readonly kept: Buffer
  /** There is a byte above 0x7F in `raw`, or was in what is cut off. */
  readonly hasEightBit: boolean
  /** What is known of the body so far, this header included. */
  readonly entity: MimeEntity
}

/** A block of headers ends. Also at the end of the input. */
export interface EndOfHeadersEvent {
  readonly kind: 'end-of-headers'
  readonly block: HeaderBlock
  readonly entity: MimeEntity
  /** What follows: a prologue and parts, the headers of a message, or neither. */
  readonly body: 'parts' | 'message' | 'leaf'
  /** The empty line; no bytes if there is none. */
  readonly raw: Buffer
  /** The headers of the message end in text: an empty line belongs here, and no headers follow. */
  readonly needsEmptyLine: boolean
}

/** A boundary line, at most the first `lineLengthLimit` bytes of it; the rest comes as body. */
export interface BoundaryEvent {
  readonly kind: 'boundary'
  readonly isClosing: boolean
  /** Maybe a view of the chunk. */
  readonly raw: Buffer
}

/**
 * Bytes of a body, of a prologue or of an epilogue: many lines at once, cut wherever a chunk ends.
 * Between two other events all of them together are one body.
 */
export interface BodyEvent {
  readonly kind: 'body'
  /** Maybe a view of the chunk. */
  readonly raw: Buffer
}

/** The `raw` of all events, one after the other, is the input. */
export type MimeEvent = HeaderEvent | EndOfHeadersEvent | BoundaryEvent | BodyEvent
