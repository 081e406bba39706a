/** What a TLS client tells, beside errors (C-152). */
export type TlsLogClass =
  | 'summary'
  | 'untrusted'
  | 'peercert'
  | 'certmatch'
  | 'verbose'
  | 'cache'
  | 'dane'
  /** A file with each handshake, octet by octet: nothing here makes one. */
  | 'trace'

/** The classes that are wanted. */
export type TlsLogClasses = ReadonlySet<TlsLogClass>

const ROUTINE: readonly TlsLogClass[] = ['summary']
// The numbers above 2 add dumps of packets in Postfix, which there are none of here.
const DEBUG = ['summary', 'peercert', 'certmatch', 'verbose', 'cache', 'dane'] as const

const NAMES: ReadonlyMap<string, readonly TlsLogClass[]> = new Map([
  ['0', []],
  ['none', []],
  ['1', ROUTINE],
  ['routine', ROUTINE],
  ['summary', ROUTINE],
  ['2', DEBUG],
  ['debug', DEBUG],
  ['3', DEBUG],
  ['ssl-expert', DEBUG],
  ['4', DEBUG],
  ['ssl-developer', DEBUG],
  ['untrusted', ['untrusted']],
  ['peercert', ['peercert']],
  ['certmatch', ['certmatch']],
  ['verbose', ['verbose']],
  ['cache', ['cache']],
  ['dane', ['dane']],
  ['trace', ['trace']],
])

/** Reads `smtp_tls_loglevel`: numbers and names. Undefined if one of them is neither. */
export function parseTlsLogLevel(text: string): TlsLogClasses | undefined {
  const classes = new Set<TlsLogClass>()
  for (const word of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const name = /^\d+$/.test(word) ? String(Math.min(Number(word), 4)) : word.toLowerCase()
    const found = NAMES.get(name)
    if (found === undefined) return undefined
    for (const one of found) classes.add(one)
  }
  return classes
}
