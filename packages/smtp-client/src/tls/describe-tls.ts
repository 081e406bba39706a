import type { KeyObject } from 'node:crypto'
import type { EphemeralKeyInfo, TLSSocket } from 'node:tls'

// In TLS 1.3 the curve of a key decides about the digest (RFC 8446 4.2.3).
const CURVE_DIGESTS: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'SHA256'],
  ['secp384r1', 'SHA384'],
  ['secp521r1', 'SHA512'],
])

/**
 * Protocol, cipher and, for TLS 1.3, how keys were exchanged and proven, as the summary line has
 * it (C-153). What Node does not tell, the digest of an RSA signature, is left out.
 */
export function describeTls(socket: TLSSocket, serverKey: KeyObject | undefined): string {
  const protocol = socket.getProtocol() ?? 'unknown'
  const { name } = socket.getCipher()
  const bits = cipherBits(name)
  const text = `${protocol} with cipher ${name} (${bits}/${bits} bits)`
  if (protocol !== 'TLSv1.3') return text
  const isResumed = socket.isSessionReused()
  return `${text}${keyExchange(socket.getEphemeralKeyInfo())}${signature(serverKey, isResumed)}`
}

function cipherBits(name: string): number {
  if (/NULL/.test(name)) return 0
  const size = /(?:AES|CAMELLIA|ARIA)_?(\d{3})/.exec(name)?.[1]
  if (size !== undefined) return Number(size)
  if (/CHACHA20/.test(name)) return 256
  return /DES-CBC3|3DES/.test(name) ? 168 : 128
}

function keyExchange(info: EphemeralKeyInfo | object | null): string {
  if (info === null || !('name' in info) || !info.name) {
    return info !== null && 'size' in info ? ` key-exchange DHE (${info.size} bits)` : ''
  }
  return ` key-exchange ${CURVE_DIGESTS.has(info.name) ? `ECDHE (${info.name})` : info.name}`
}

/** @param isResumed nothing was signed this time. */
function signature(key: KeyObject | undefined, isResumed: boolean): string {
  const { modulusLength, namedCurve = '' } = key?.asymmetricKeyDetails ?? {}
  switch (key?.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return ` server-signature RSA-PSS (${modulusLength} bits)`
    case 'ec': {
      const digest = CURVE_DIGESTS.get(namedCurve)
      const behind = digest === undefined || isResumed ? '' : ` server-digest ${digest}`
      return ` server-signature ECDSA (${namedCurve})${behind}`
    }
    case 'ed25519':
    case 'ed448':
      return ` server-signature ${key.asymmetricKeyType.toUpperCase()}`
    default:
      return ''
  }
}
