// Node words these differently from the C library, whose words are in Postfix's logs.
const TEXTS: ReadonlyMap<string | undefined, string> = new Map([
  ['EACCES', 'Permission denied'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['ECONNABORTED', 'Software caused connection abort'],
  ['ECONNREFUSED', 'Connection refused'],
  ['ECONNRESET', 'Connection reset by peer'],
  ['EHOSTUNREACH', 'No route to host'],
  ['EMFILE', 'Too many open files'],
  ['ENAMETOOLONG', 'File name too long'],
  ['ENETUNREACH', 'Network is unreachable'],
  ['ENOENT', 'No such file or directory'],
  ['ENOTDIR', 'Not a directory'],
  ['EPIPE', 'Broken pipe'],
  ['ETIMEDOUT', 'Connection timed out'],
])

const UNKNOWN_NAME_TEXTS: ReadonlyMap<string | undefined, string> = new Map([
  ['EAI_AGAIN', 'Temporary failure in name resolution'],
  ['EAI_FAIL', 'Non-recoverable failure in name resolution'],
  ['EAI_NODATA', 'No address associated with hostname'],
  ['ENODATA', 'No address associated with hostname'],
  ['ENOTFOUND', 'Name or service not known'],
])

/** What ended a connection; without an error the server closed it. */
export function networkErrorText(error: NodeJS.ErrnoException | undefined): string {
  if (error === undefined) return 'connection closed by server'
  return TEXTS.get(error.code) ?? error.code ?? error.message
}

/** Why a host has no address; undefined if `error` is about something else. */
export function unknownNameText(error: NodeJS.ErrnoException | undefined): string | undefined {
  return UNKNOWN_NAME_TEXTS.get(error?.code)
}

/**
 * Peer text for a log line: its first `maxLength` UTF-16 units, with `replacement` for controls and
 * for bytes that are not UTF-8 (U+FFFD, or a lone surrogate of `decodeAddress`).
 */
export function printableText(text: string, maxLength: number, replacement: '?' | '_'): string {
  return text.slice(0, maxLength).replace(/[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]/gu, replacement)
}
