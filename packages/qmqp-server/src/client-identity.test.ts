import { describe, expect, it } from 'vitest'

import { formatClient, LOCAL_CLIENT, peerAddress } from './client-identity.ts'

const SOCKET = { remotePort: 1234, localAddress: '127.0.0.1', destroyed: false }

describe('peerAddress', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', 4],
    ['::1', '::1', 6],
    ['::ffff:192.0.2.7', '192.0.2.7', 4],
    ['2001:db8::7', '2001:db8::7', 6],
    ['fe80::1%eth0', 'fe80::1', 6],
  ])('Q-311: %s is %s', (remoteAddress, address, family) => {
    expect(peerAddress({ ...SOCKET, remoteAddress })).toEqual({ address, port: 1234, family })
  })

  it('Q-311: a client not over IP is localhost', () => {
    const socket = { remoteAddress: undefined, remotePort: undefined, destroyed: false }
    expect(peerAddress(socket)).toBe(LOCAL_CLIENT)
  })

  it('Q-311: a TCP client that is gone has no address', () => {
    const gone = { ...SOCKET, remoteAddress: undefined, remotePort: undefined }
    expect(peerAddress(gone)).toBe(undefined)
    const closed = { remoteAddress: undefined, remotePort: undefined, destroyed: true }
    expect(peerAddress(closed)).toBe(undefined)
  })
})

describe('formatClient', () => {
  it.each([
    ['localhost', '127.0.0.1', 4, 'localhost[127.0.0.1]'],
    ['localhost', '::1', 6, 'localhost[::1]'],
    ['unknown', '192.0.2.7', 4, 'unknown[192.0.2.7]'],
  ] as const)('Q-311: %s at %s', (name, address, family, text) => {
    const client = { name, address, family, port: 628 }
    expect(formatClient(client, false)).toBe(text)
    expect(formatClient(client, true)).toBe(`${text}:628`)
  })
})
