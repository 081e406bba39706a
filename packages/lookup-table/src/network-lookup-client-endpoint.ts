import { isIP } from 'node:net'

import { LookupTableError } from './errors.ts'

/** Where a lookup server listens. */
export type Endpoint =
  | { readonly kind: 'inet'; readonly host: string; readonly port: number; readonly text: string }
  | { readonly kind: 'unix'; readonly path: string; readonly text: string }
  /** A service name that nobody knows: an error of each lookup, as in Postfix. */
  | { readonly kind: 'unknown-service'; readonly text: string }

const HOST_NAME = /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.-]{0,253}$/
const MAX_PORT = 65_535
const SERVICES_FILE = '/etc/services'

/**
 * Reads `host:port`, `[address]:port`, `:port` or `port`; without a host it is `localhost`. A port
 * may be a name of /etc/services (services(5)), which is read with `readFile` only then.
 *
 * The texts are those of Postfix 3.7.11, which takes a port above 65535 modulo 65536; that is an
 * error here.
 *
 * @param item The table, `type:name`, for the error.
 * @throws {LookupTableError} `unavailable`
 */
export function parseInetEndpoint(
  text: string,
  item: string,
  readFile: (path: string) => Uint8Array,
): Endpoint {
  const fail = (problem: string): never => {
    throw new LookupTableError('unavailable', { item, reason: `${text}: ${problem}` })
  }
  const colon = text.lastIndexOf(':')
  const service = text.slice(colon + 1)
  const host = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/s, '$1')
  if (service === '') fail('missing service information')
  if (host !== '' && isIP(host) === 0 && !HOST_NAME.test(host)) {
    fail('valid hostname or network address required')
  }
  if (/^\d+\D/.test(service)) fail('garbage after numerical service')
  const port = /^\d/.test(service) ? Number(service) : findService(service, readFile)
  if (port === undefined) return { kind: 'unknown-service', text }
  if (port > MAX_PORT) fail(`port number must be at most ${MAX_PORT}`)
  return { kind: 'inet', host: host === '' ? 'localhost' : host, port, text }
}

function findService(name: string, readFile: (path: string) => Uint8Array): number | undefined {
  for (const line of readServices(readFile).split('\n')) {
    const [official, entry = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const port = /^(\d+)\/tcp$/.exec(entry)?.[1]
    if (port !== undefined && (official === name || aliases.includes(name))) return Number(port)
  }
  return undefined
}

function readServices(readFile: (path: string) => Uint8Array): string {
  try {
    return Buffer.from(readFile(SERVICES_FILE)).toString('latin1')
  } catch {
    return '' // No file, no names: each lookup will say that the service is not known.
  }
}
