import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { NexthopError, parseNexthop, splitNexthops } from './index.ts'

const ports = {
  defaultService: 'smtp',
  knownTcpPorts: new Map([
    ['smtp', 25],
    ['submissions', 465],
    ['submission', 587],
    ['lmtp', 24],
    ['smtps', 465],
  ]),
  servicePort: (name: string) => (name === 'qmqp' ? 628 : undefined),
}

describe('parseNexthop', () => {
  it.each([
    ['example.com', 'example.com', 25, 'smtp', true],
    ['example.com:26', 'example.com', 26, '26', true],
    ['example.com:', 'example.com', 25, 'smtp', true],
    ['[example.com]', 'example.com', 25, 'smtp', false],
    ['[example.com]:', 'example.com', 25, 'smtp', false],
    ['[example.com]:587', 'example.com', 587, '587', false],
    ['[1.2.3.4]:26', '1.2.3.4', 26, '26', false],
    ['1.2.3.4:26', '1.2.3.4', 26, '26', false],
    ['[ipv6:2001:db8::1]', '2001:db8::1', 25, 'smtp', false],
    ['[2001:db8::1]', '2001:db8::1', 25, 'smtp', false],
    ['[IPv6:2001:db8::1]:587', '2001:db8::1', 587, '587', false],
    ['host_under.example', 'host_under.example', 25, 'smtp', true],
    ['example.com:submissions', 'example.com', 465, 'submissions', true],
    ['example.com:qmqp', 'example.com', 628, 'qmqp', true],
    ['bücher.example', 'bücher.example', 25, 'smtp', true],
  ])('C-1, C-2, C-4, C-180: %s', (text, host, port, service, mx) => {
    expect(parseNexthop(text, ports)).toEqual({ host, port, service, mx })
  })

  it.each([
    [':25', 'missing host information'],
    ['', 'missing host information'],
    ['[example.com', 'missing "]"'],
    ['[example.com]x', 'garbage after "]"'],
    ...['[]', '[a:b]', 'a:b:c', 'a b', '-bad-', '[ example.com]', '2001:db8::1'].map((text) => [
      text,
      'valid hostname or network address required',
    ]),
    ['example.com.', 'valid hostname or network address required'],
    ['[example.com.]', 'valid hostname or network address required'],
    ['[ipv6:1.2.3.4]', 'malformed IPv6 address'],
    ['[ipv6:junk]', 'malformed IPv6 address'],
    ['example.com:25x', 'garbage after numerical service'],
  ])('C-3, C-180: %j is refused: %s', (text, reason) => {
    const message = `${reason} in server description: ${text}`
    expect(() => parseNexthop(text!, ports)).toThrow(
      expect.objectContaining({ code: 'syntax', message, nexthop: text }),
    )
  })

  it.each([
    ['example.com:x25', 'unknown-service', 'unknown service: x25/tcp'],
    ['[example.com]:smtp:25', 'unknown-service', 'unknown service: smtp:25/tcp'],
    ['example.com:0', 'bad-port', 'bad network port: 0 for destination: example.com:0'],
    ['a.test:70000', 'bad-port', 'bad network port: 70000 for destination: a.test:70000'],
  ])('C-4, C-180: %s has no port', (text, code, message) => {
    expect(() => parseNexthop(text, ports)).toThrow(expect.objectContaining({ code, message }))
  })

  it('C-2: the default service may be a number', () => {
    expect(parseNexthop('a.test', { ...ports, defaultService: '2525' }).port).toBe(2525)
  })

  it('C-4: known_tcp_ports come before the system', () => {
    const system = { ...ports, servicePort: () => 2500 }
    expect(parseNexthop('a.test:smtp', system).port).toBe(25)
    expect(parseNexthop('a.test:other', system).port).toBe(2500)
  })

  it('knows no service names of the system unless given', () => {
    const { servicePort: _, ...without } = ports
    expect(() => parseNexthop('a.test:qmqp', without)).toThrow('unknown service: qmqp/tcp')
  })

  it('throws nothing but NexthopError', () => {
    const text = fc.string({ unit: fc.constantFrom('[', ']', ':', '.', 'a', '1', ' ', 'é', '-') })
    fc.assert(
      fc.property(text, (nexthop) => {
        try {
          const { port } = parseNexthop(nexthop, ports)
          expect(port).toBeGreaterThan(0)
          expect(port).toBeLessThan(65_536)
        } catch (error) {
          expect(error).toBeInstanceOf(NexthopError)
        }
      }),
    )
  })
})

describe('splitNexthops', () => {
  it.each([
    ['a.test', ['a.test']],
    ['[127.0.0.1]:25, b.test', ['[127.0.0.1]:25', 'b.test']],
    ['a.test  b.test,c.test', ['a.test', 'b.test', 'c.test']],
    [' a.test,', ['a.test']],
    ['', []],
  ])('C-6: %j', (list, elements) => {
    expect(splitNexthops(list)).toEqual(elements)
  })
})
