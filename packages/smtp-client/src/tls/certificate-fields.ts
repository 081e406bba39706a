/** An extension of a certificate (RFC 5280 4.2). */
export interface CertificateExtension {
  /** The octets of its object identifier, in hex. */
  readonly oid: string
  readonly isCritical: boolean
  /** DER. */
  readonly value: Uint8Array
}

/** What a path depends on, and `node:crypto` does not tell of a certificate. */
export interface CertificateFields {
  /** The octets of the signature algorithm's object identifier, in hex. */
  readonly signatureOid: string
  readonly extensions: readonly CertificateExtension[]
  /** How many authorities may be below it, from its basic constraints; undefined: any number. */
  readonly pathLength: number | undefined
}

interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

const BOOLEAN = 0x01
const INTEGER = 0x02
const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
const EXTENSIONS = 0xa3
const BASIC_CONSTRAINTS = '551d13'

/**
 * Reads the signature algorithm and the extensions of a certificate.
 *
 * @param der A certificate that `node:crypto` has taken.
 * @throws {RangeError} It is no DER after all.
 */
export function readFields(der: Uint8Array): CertificateFields {
  const [certificate] = elements(der)
  const [body, algorithm] = childrenOf(certificate)
  const signatureOid = hexOf(childrenOf(algorithm).find(({ tag }) => tag === OBJECT_IDENTIFIER))
  const wrapped = childrenOf(body).find(({ tag }) => tag === EXTENSIONS)
  const list = wrapped === undefined ? [] : childrenOf(childrenOf(wrapped)[0])
  const extensions = list.map(readExtension)
  const constraints = extensions.find(({ oid }) => oid === BASIC_CONSTRAINTS)
  return { signatureOid, extensions, pathLength: pathLength(constraints) }
}

function readExtension(extension: Element): CertificateExtension {
  const parts = childrenOf(extension)
  const critical = parts.find(({ tag }) => tag === BOOLEAN)
  const value = parts.find(({ tag }) => tag === OCTET_STRING)
  if (value === undefined) throw new RangeError('an extension without a value')
  const oid = hexOf(parts.find(({ tag }) => tag === OBJECT_IDENTIFIER))
  return {
    oid,
    isCritical: critical !== undefined && critical.content[0] !== 0,
    value: value.content,
  }
}

function pathLength(constraints: CertificateExtension | undefined): number | undefined {
  if (constraints === undefined) return undefined
  const [sequence] = elements(constraints.value)
  const limit = childrenOf(sequence).find(({ tag }) => tag === INTEGER)
  return limit === undefined ? undefined : Number.parseInt(hexOf(limit), 16)
}

function hexOf(element: Element | undefined): string {
  return element === undefined ? '' : Buffer.from(element.content).toString('hex')
}

function childrenOf(element: Element | undefined): Element[] {
  return element === undefined ? [] : elements(element.content)
}

/** The elements that octets consist of (X.690 8.1, in the definite form). */
function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at]!
    const first = bytes[at + 1] ?? 0x80
    const lengthOctets = first < 0x80 ? 0 : first & 0x7f
    const start = at + 2 + lengthOctets
    const long = bytes.subarray(at + 2, start)
    const length = first < 0x80 ? first : long.reduce((sum, octet) => sum * 256 + octet, 0)
    if (first === 0x80 || start + length > bytes.length) throw new RangeError('no DER')
    found.push({ tag, content: bytes.subarray(start, start + length) })
    at = start + length
  }
  return found
}
