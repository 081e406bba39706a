import { expect, it, vi } from 'vitest'

import { parseInetEndpoint } from './network-lookup-client-endpoint.ts'
import { printableText } from './network-lookup-client-text.ts'

const services = () => Buffer.from('# names\nfinger 79/tcp # who\nmap 77/udp\nmap 78/tcp carte\n')

it.each([
  ['localhost:25', 'localhost', 25],
  ['mx.example.:25', 'mx.example.', 25],
  ['[127.0.0.1]:025', '127.0.0.1', 25],
  ['[::1]:1', '::1', 1],
  ['::1:1', '::1', 1],
  [':25', 'localhost', 25],
  ['25', 'localhost', 25],
  ['a:0', 'a', 0],
  ['a:finger', 'a', 79],
  ['a:carte', 'a', 78],
  ['map', 'localhost', 78],
])('G-63, G-64: %j is host %j, port %i', (text, host, port) => {
  expect(parseInetEndpoint(text, 'tcp:x', services)).toEqual({ kind: 'inet', host, port, text })
})

it('knows no service when there is no file of them, and reads none for a number', () => {
  const readFile = vi.fn(() => {
    throw new Error('no such file')
  })
  expect(parseInetEndpoint('a:25', 'tcp:a:25', readFile)).toMatchObject({ port: 25 })
  expect(readFile).not.toHaveBeenCalled()
  const unknown = { kind: 'unknown-service', text: 'a:finger' }
  expect(parseInetEndpoint('a:finger', 'tcp:a:finger', readFile)).toEqual(unknown)
  expect(parseInetEndpoint('a:who', 'tcp:a:who', services)).toMatchObject({ kind: unknown.kind })
})

it('makes peer text fit for a log', () => {
  expect(printableText('é😀\x00\n\x7f\x85\udcff\ufffd', 100, '?')).toBe('é😀??????')
  expect(printableText('abcd', 2, '?')).toBe('ab')
  expect(printableText('a😀', 2, '?')).toBe('a?')
})
