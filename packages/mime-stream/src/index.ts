export { ADDRESS_HEADERS } from './address-headers.ts'
export { Downgrade } from './downgrade.ts'
export { isEightBit, type MimeEntity, type MimeType, type TransferEncoding } from './entity.ts'
export { cutHeader, findHeaderColon } from './header-buffer.ts'
export { MIME_ERRORS, type MimeError, type MimeErrorCode } from './mime-errors.ts'
export type {
  BodyEvent,
  BoundaryEvent,
  EndOfHeadersEvent,
  HeaderBlock,
  HeaderChecks,
  HeaderEvent,
  MimeEvent,
} from './mime-event.ts'
export { MimeStream, type MimeStreamOptions } from './mime-stream.ts'
export { QuotedPrintableEncoder } from './quoted-printable.ts'
