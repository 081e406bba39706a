import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where .ci/run unpacks the packages that Debian would not install beside Postfix. */
const UNPACKED = '/usr/local/lib/posthouse-peers'
const PLACES = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/sbin',
  unpackedPeer('exim4-daemon-light', '/usr/sbin'),
  unpackedPeer('opensmtpd', '/usr/sbin'),
]

/** A path in one of these packages. */
export function unpackedPeer(debianPackage: string, path = ''): string {
  return join(UNPACKED, debianPackage, path)
}

/**
 * Whether these programs of Debian are here. Where they are not, the tests that need them skip and
 * this says so; with POSTHOUSE_PEERS=required, as in CI, that is an error.
 */
export function peersInstalled(...programs: string[]): boolean {
  const missing = programs.filter((program) => !PLACES.some((place) => isThere(place, program)))
  if (missing.length === 0) return true
  const text = `not installed: ${missing.join(', ')} (Debian's packages are in .ci/run)`
  if (process.env['POSTHOUSE_PEERS'] === 'required') throw new Error(text)
  console.warn(`skipping the tests against peers: ${text}`)
  return false
}

function isThere(place: string, program: string): boolean {
  try {
    accessSync(join(place, program), constants.X_OK)
    return true
  } catch {
    return false
  }
}
