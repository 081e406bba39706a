const ORDER = [
  'none',
  'may',
  'encrypt',
  'fingerprint',
  'halfdane',
  'dane',
  'dane-only',
  'verify',
  'secure',
] as const

/**
 * How much protection a connection needs (C-131). From `encrypt` on mail is not sent without TLS;
 * from `fingerprint` on the server must prove who it is. `halfdane` is what DANE comes to where
 * the name of the server could be forged; nobody can ask for it.
 */
export type TlsLevel = (typeof ORDER)[number]

/** The level of this name, in any case; undefined if there is none. */
export function parseTlsLevel(name: string): TlsLevel | undefined {
  const level = ORDER.find((known) => known === name.toLowerCase())
  return level === 'halfdane' ? undefined : level
}

/** Whether mail waits rather than go out in plaintext. */
export function isMandatory(level: TlsLevel): boolean {
  return ORDER.indexOf(level) >= ORDER.indexOf('encrypt')
}

/** Whether the certificate of the server must match something. */
export function matchesCertificate(level: TlsLevel): boolean {
  return ORDER.indexOf(level) >= ORDER.indexOf('fingerprint')
}

/** Whether DNS is to be asked what the level comes to (C-156). */
export function needsTlsa(level: TlsLevel): level is 'dane' | 'dane-only' {
  return level === 'dane' || level === 'dane-only'
}

/** Whether the certificate must come from an authority, and have a name that matches. */
export function matchesName(level: TlsLevel): boolean {
  return level === 'verify' || level === 'secure'
}
