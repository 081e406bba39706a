import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

/** What strategies of a match list stand for (C-146). */
export interface PeerNames {
  /** The server's name. */
  readonly hostname: string
  /** The domain of the destination, without brackets and port. */
  readonly nexthop: string
}

const NAME = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/

/**
 * The name of a certificate that one of the patterns wants; undefined if there is none. A pattern
 * that is an address, as of a server that is named by it, is looked for among the addresses in it.
 *
 * @param match Names, `.name` for sub-domains, and `hostname`, `nexthop`, `dot-nexthop`.
 */
export function matchingName(
  certificate: X509Certificate,
  match: readonly string[],
  names: PeerNames,
): string | undefined {
  const patterns = namePatterns(match, names)
  const address = patterns.find((pattern) => isIP(pattern) !== 0 && certificate.checkIP(pattern))
  if (address !== undefined) return address
  return certificateNames(certificate).find((name) =>
    patterns.some((pattern) => matches(name, pattern)),
  )
}

/** What a match list comes to: lower case, ASCII, or addresses. Empty: nothing can match. */
export function namePatterns(match: readonly string[], names: PeerNames): string[] {
  const patterns = match.map((element) => {
    switch (element.toLowerCase()) {
      case 'hostname':
        return ascii(names.hostname)
      case 'nexthop':
        return ascii(names.nexthop)
      case 'dot-nexthop': {
        const nexthop = ascii(names.nexthop)
        return nexthop && `.${nexthop}`
      }
      default:
        return element.startsWith('.') ? `.${ascii(element.slice(1))}` : ascii(element)
    }
  })
  return patterns.filter((pattern) => pattern.length > 1)
}

/** The DNS names of a certificate, lower case; without any, the common name of its subject. */
export function certificateNames(certificate: X509Certificate): string[] {
  const { subjectAltName = '' } = certificate
  // Other kinds of names, and names in quotes since they have strange characters, match nothing.
  const dnsNames = subjectAltName.split(', ').filter((name) => name.startsWith('DNS:'))
  const names =
    dnsNames.length > 0 ? dnsNames.map((name) => name.slice(4)) : [commonName(certificate)]
  return names.map((name) => name.toLowerCase()).filter((name) => NAME.test(name))
}

function matches(name: string, pattern: string): boolean {
  // A wildcard of a domain is one of its sub-domains, whatever it stands for.
  if (pattern.startsWith('.')) return name.endsWith(pattern)
  if (name === pattern) return true
  const dot = pattern.indexOf('.')
  return name.startsWith('*.') && dot > 0 && name.slice(1) === pattern.slice(dot)
}

/** The subject's CN; empty if it has none, or several. */
export function commonName(certificate: X509Certificate): string {
  const cn: unknown = certificate.toLegacyObject().subject.CN
  return typeof cn === 'string' ? cn : ''
}

function ascii(name: string): string {
  return isIP(name) === 0 ? domainToASCII(name.replace(/\.$/, '')).toLowerCase() : name
}
