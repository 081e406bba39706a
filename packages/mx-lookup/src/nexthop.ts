import { isIP, isIPv6 } from 'node:net'

import { NexthopError } from './errors.ts'
import { dnsName } from './host-name.ts'

/** One destination, understood. */
export interface Nexthop {
  /** Host or domain name, or an address, without brackets. */
  readonly host: string
  /** TCP port, 1 to 65535. */
  readonly port: number
  /** The service as it was given, or the default one. */
  readonly service: string
  /** Whether MX records come first: false for `[host]` and for addresses. */
  readonly mx: boolean
}

/** How services become ports (C-2, C-4). */
export interface ServicePorts {
  /** `smtp_tcp_port`: the service of a next hop that names none; a name or a number. */
  readonly defaultService: string
  /** `known_tcp_ports`: port by service name; asked before `servicePort`. */
  readonly knownTcpPorts: ReadonlyMap<string, number>
  /** The system's services database for tcp; undefined for an unknown name. Default: knows none. */
  readonly servicePort?: ((name: string) => number | undefined) | undefined
}

const LIST_SEPARATOR = /[\s,]+/

/** The elements of a next-hop list, separated by commas or white space (C-6). */
export function splitNexthops(list: string): string[] {
  if (!LIST_SEPARATOR.test(list)) return list === '' ? [] : [list]
  return list.split(LIST_SEPARATOR).filter((element) => element !== '')
}

/**
 * Reads one element of a next-hop list: `domain`, `[host]`, an address, each with an optional
 * `:service` (C-1).
 *
 * @throws {NexthopError} with the text of C-3 or C-4.
 */
export function parseNexthop(text: string, ports: ServicePorts): Nexthop {
  const bracketed = text.startsWith('[')
  const { host, service } = bracketed ? splitBracketed(text) : splitPlain(text)
  if (!bracketed && host === '') throw syntaxError('missing host information', text)

  const address = bracketed ? untagAddress(host, text) : host
  const isAddress = isIP(address) !== 0
  if (!isAddress && dnsName(address) === undefined) {
    throw syntaxError('valid hostname or network address required', text)
  }
  const given = service === '' ? ports.defaultService : service
  const port = servicePort(given, text, ports)
  return { host: address, port, service: given, mx: !bracketed && !isAddress }
}

function splitBracketed(text: string): { host: string; service: string } {
  const close = text.indexOf(']')
  if (close < 0) throw syntaxError('missing "]"', text)
  const rest = text.slice(close + 1)
  if (rest !== '' && !rest.startsWith(':')) throw syntaxError('garbage after "]"', text)
  return { host: text.slice(1, close), service: rest.slice(1) }
}

function splitPlain(text: string): { host: string; service: string } {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return { host: text, service: '' }
  return { host: text.slice(0, colon), service: text.slice(colon + 1) }
}

function untagAddress(host: string, text: string): string {
  if (!/^ipv6:/i.test(host)) return host
  const address = host.slice('ipv6:'.length)
  if (!isIPv6(address)) throw syntaxError('malformed IPv6 address', text)
  return address
}

function servicePort(service: string, text: string, ports: ServicePorts): number {
  if (/^\d.*\D/.test(service)) throw syntaxError('garbage after numerical service', text)
  const known = ports.knownTcpPorts.get(service)
  const number = known ?? (/^\d+$/.test(service) ? Number(service) : ports.servicePort?.(service))
  if (number === undefined) {
    throw new NexthopError('unknown-service', `unknown service: ${service}/tcp`, text)
  }
  if (number >= 1 && number <= 65_535) return number
  const reason = `bad network port: ${service} for destination: ${text}`
  throw new NexthopError('bad-port', reason, text)
}

function syntaxError(reason: string, text: string): NexthopError {
  return new NexthopError('syntax', `${reason} in server description: ${text}`, text)
}
