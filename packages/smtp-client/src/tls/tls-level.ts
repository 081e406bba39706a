/**
 * How much protection a connection needs (C-131). From `encrypt` on mail is not sent without TLS;
 * from `fingerprint` on the server must prove who it is.
 */
export type TlsLevel = 'none' | 'may' | 'encrypt' | 'fingerprint' | 'verify' | 'secure'

const ORDER: readonly TlsLevel[] = ['none', 'may', 'encrypt', 'fingerprint', 'verify', 'secure']

/** The level of this name, in any case; undefined if there is none. */
export function parseTlsLevel(name: string): TlsLevel | undefined {
  return ORDER.find((level) => level === name.toLowerCase())
}

/** Whether mail waits rather than go out in plaintext. */
export function isMandatory(level: TlsLevel): boolean {
  return ORDER.indexOf(level) >= ORDER.indexOf('encrypt')
}

/** Whether the certificate of the server must match something. */
export function matchesCertificate(level: TlsLevel): boolean {
  return ORDER.indexOf(level) >= ORDER.indexOf('fingerprint')
}

/** Whether the certificate must come from an authority, and have a name that matches. */
export function matchesName(level: TlsLevel): boolean {
  return level === 'verify' || level === 'secure'
}
