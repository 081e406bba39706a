import { describe, expect, it } from 'vitest'

import { parseInetService } from './index.ts'

const servicePort = (name: string) => ({ smtp: 25, qmqp: 628 })[name]

describe('parseInetService', () => {
  it.each([
    ['25', { port: 25 }],
    ['qmqp', { port: 628 }],
    ['127.0.0.1:10025', { host: '127.0.0.1', port: 10025 }],
    ['mx.example.test:smtp', { host: 'mx.example.test', port: 25 }],
    ['[::1]:smtp', { host: '::1', port: 25 }],
    ['[127.0.0.1]:25', { host: '127.0.0.1', port: 25 }],
    ['::1:25', { host: '::1', port: 25 }],
    ['a_b:25', { host: 'a_b', port: 25 }],
    [':25', { port: 25 }],
  ])('G-38: %s', (name, service) => {
    expect(parseInetService(name, servicePort)).toEqual(service)
  })

  it.each([
    ['nosuchport', 'nosuchport: Servname not supported for ai_socktype'],
    ['127.0.0.1:nosuchport', '127.0.0.1:nosuchport: Servname not supported for ai_socktype'],
    ['127.0.0.1', 'garbage after numerical service in "127.0.0.1"'],
    ['[::1:25', 'missing "]" in "[::1:25"'],
    ['[::1]', 'missing service information in "[::1]"'],
    ['[::1]25', 'garbage after "]" in "[::1]25"'],
    ['[]:25', 'valid hostname or network address required in "[]:25"'],
    ['a b:25', 'valid hostname or network address required in "a b:25"'],
    ['-a:25', 'valid hostname or network address required in "-a:25"'],
    ['1.2.3.4.5:25', 'valid hostname or network address required in "1.2.3.4.5:25"'],
    ['127.0.0.1:25x', 'garbage after numerical service in "127.0.0.1:25x"'],
    ['mx.test:', 'missing service information in "mx.test:"'],
    ['65536', 'bad hostname or network address: 65536'],
  ])('G-43: %s is an error', (name, message) => {
    expect(() => parseInetService(name, servicePort)).toThrow(
      expect.objectContaining({ code: 'value', message }),
    )
  })

  it('G-43: an error says where the service is', () => {
    const place = { file: 'CONF/master.cf', line: 7 }
    expect(() => parseInetService('a:nosuch', servicePort, place)).toThrow(
      expect.objectContaining({ ...place, value: 'a:nosuch', expected: expect.any(String) }),
    )
  })
})
