import { isIPv4, isIPv6 } from 'node:net'

import { hostnameProblem } from '@posthouse/mail-address'

import { ConfigError } from './errors.ts'

/** Where an `inet` service listens. */
export interface InetService {
  /** Host name or address, without brackets. Undefined: the addresses of `inet_interfaces`. */
  readonly host?: string
  /** 0 to 65535. */
  readonly port: number
}

/** An `inet` service as written: its port may be a name. */
export interface InetServiceName {
  readonly host?: string
  readonly port: string
}

/** Where a service is defined, such as a {@link MasterService}: for errors. */
export interface ServicePlace {
  readonly file?: string
  readonly line?: number
}

const MAX_PORT = 65_535
const DIGITS = /^\d+$/
const EXPECTED = 'port, host:port or [address]:port'

/**
 * Reads the name of an `inet` service: `port`, `host:port` or `[address]:port` (G-38).
 *
 * @param servicePort The port of a TCP service name: `known_tcp_ports` and the services database
 * of the system.
 * @throws {ConfigError} `value`, for example on a port name that nobody knows (G-43).
 */
export function parseInetService(
  name: string,
  servicePort: (service: string) => number | undefined,
  { file, line }: ServicePlace = {},
): InetService {
  const { host, port } = splitInetService(name)
  const number = DIGITS.test(port) ? Number(port) : servicePort(port)
  if (number === undefined) {
    const expected = 'a port number, or the name of a TCP service'
    throw new ConfigError('value', `${name}: Servname not supported for ai_socktype`, {
      ...{ file, line, value: name, expected },
    })
  }
  if (number > MAX_PORT) {
    const expected = `a port number up to ${MAX_PORT}`
    throw new ConfigError('value', `bad hostname or network address: ${name}`, {
      ...{ file, line, value: name, expected },
    })
  }
  return host === undefined ? { port: number } : { host, port: number }
}

/** The parts of an `inet` service name, checked in form only. @throws {ConfigError} `value` */
export function splitInetService(name: string): InetServiceName {
  const fail = (problem: string): never => {
    throw new ConfigError('value', `${problem} "${name}"`, { value: name, expected: EXPECTED })
  }
  const { host, port } = split(name, fail)
  if (port === '') fail('missing service information in')
  if (/^\d/.test(port) && !DIGITS.test(port)) fail('garbage after numerical service in')
  if (host === undefined) return { port }
  if (!isHost(host)) fail('valid hostname or network address required in')
  return { host, port }
}

function split(
  name: string,
  fail: (problem: string) => never,
): { readonly host: string | undefined; readonly port: string } {
  if (name.startsWith('[')) {
    const close = name.indexOf(']')
    if (close < 0) fail('missing "]" in')
    const rest = name.slice(close + 1)
    if (rest !== '' && !rest.startsWith(':')) fail('garbage after "]" in')
    return { host: name.slice(1, close), port: rest.slice(1) }
  }
  const colon = name.lastIndexOf(':')
  return { host: colon <= 0 ? undefined : name.slice(0, colon), port: name.slice(colon + 1) }
}

function isHost(host: string): boolean {
  return isIPv4(host) || isIPv6(host) || (host !== '' && hostnameProblem(host) === undefined)
}
