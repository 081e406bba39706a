import { isIPv4, isIPv6 } from 'node:net'

import { isValidHostname } from '@posthouse/mail-address'

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

const MAX_PORT = 65_535
const DIGITS = /^\d+$/

/**
 * Reads the name of an `inet` service: `port`, `host:port` or `[address]:port` (G-38).
 *
 * @param servicePort The port of a TCP service name: `known_tcp_ports` and the services database
 * of the system.
 * @throws {ConfigError} `value`, for example on a port name that nobody knows.
 */
export function parseInetService(
  name: string,
  servicePort: (service: string) => number | undefined,
): InetService {
  const { host, port } = splitInetService(name)
  const number = DIGITS.test(port) ? Number(port) : servicePort(port)
  if (number === undefined) {
    throw new ConfigError('value', `${name}: Servname not supported for ai_socktype`, {
      value: name,
    })
  }
  if (number > MAX_PORT) throw badAddress(name)
  return host === undefined ? { port: number } : { host, port: number }
}

/** The parts of an `inet` service name, checked in form only. @throws {ConfigError} `value` */
export function splitInetService(name: string): InetServiceName {
  if (name.startsWith('[')) {
    const close = name.indexOf(']')
    if (close < 0) throw new ConfigError('value', `missing "]" in "${name}"`, { value: name })
    const host = name.slice(1, close)
    const port = name.slice(close + 2)
    if (name[close + 1] !== ':' || port === '' || !isAddress(host)) throw badAddress(name)
    return { host, port }
  }
  const colon = name.lastIndexOf(':')
  const host = name.slice(0, Math.max(colon, 0))
  const port = name.slice(colon + 1)
  if (colon < 0 && /^\d/.test(port) && !DIGITS.test(port)) {
    const text = `garbage after numerical service in "${name}"`
    throw new ConfigError('value', text, { value: name })
  }
  if (port === '' || (host !== '' && !isIPv4(host) && !isValidHostname(host))) {
    throw badAddress(name)
  }
  return host === '' ? { port } : { host, port }
}

function isAddress(host: string): boolean {
  return isIPv4(host) || isIPv6(host) || isValidHostname(host)
}

function badAddress(name: string): ConfigError {
  return new ConfigError('value', `bad hostname or network address: ${name}`, { value: name })
}
