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
    [':25', { port: 25 }],
  ])('G-38: %s', (name, service) => {
    expect(parseInetService(name, servicePort)).toEqual(service)
  })

  it.each([
    ['nosuchport', 'nosuchport: Servname not supported for ai_socktype'],
    ['127.0.0.1:nosuchport', '127.0.0.1:nosuchport: Servname not supported for ai_socktype'],
    ['127.0.0.1', 'garbage after numerical service in "127.0.0.1"'],
    ['[::1:25', 'missing "]" in "[::1:25"'],
    ['[::1]', 'bad hostname or network address: [::1]'],
    ['::1:25', 'bad hostname or network address: ::1:25'],
    ['a b:25', 'bad hostname or network address: a b:25'],
    ['mx.test:', 'bad hostname or network address: mx.test:'],
    ['65536', 'bad hostname or network address: 65536'],
  ])('G-43: %s is an error', (name, message) => {
    expect(() => parseInetService(name, servicePort)).toThrow(
      expect.objectContaining({ code: 'value', message }),
    )
  })
})
