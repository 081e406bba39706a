import { describe, expect, it } from 'vitest'

import { xforwardCommands } from './xforward.ts'

const NOBODY = {
  name: '',
  address: '',
  port: '',
  protocol: '',
  helo: '',
  ident: '',
  isLocal: true,
}
const ALL = ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'IDENT', 'SOURCE']

function texts(announced: readonly string[], origin: object): string[] {
  return xforwardCommands(announced, { ...NOBODY, ...origin }).map(({ text }) => text)
}

describe('xforwardCommands', () => {
  it('C-76: of local mail only the source is told', () => {
    expect(texts(ALL, {})).toEqual(['XFORWARD SOURCE=LOCAL'])
  })

  it('C-76: what is unknown is not told', () => {
    const unknown = 'unknown'
    const client = { name: unknown, address: '127.0.0.1', port: unknown, protocol: 'ESMTP' }
    expect(texts(ALL, { ...client, helo: 'inject.test' })).toEqual([
      'XFORWARD ADDR=127.0.0.1',
      'XFORWARD PROTO=ESMTP HELO=inject.test SOURCE=LOCAL',
    ])
  })

  it('C-76: nothing is told that was not announced, and values are xtext', () => {
    const client = { name: 'spike', address: 'IPv6:2001:db8::1', isLocal: false }
    expect(texts(['SOURCE', 'ADDR'], client)).toEqual([
      'XFORWARD ADDR=IPv6:2001:db8::1',
      'XFORWARD SOURCE=REMOTE',
    ])
    expect(texts(['HELO'], { ...client, helo: 'a b+c=\r\n' })).toEqual([
      'XFORWARD HELO=a+20b+2Bc+3D+0D+0A',
    ])
    expect(texts(['PORT'], client)).toEqual([])
  })
})
