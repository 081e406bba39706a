import { decodeAddress } from '@posthouse/mail-address'
import { NetstringReader } from '@posthouse/netstring'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { encodeQmqpRequest } from './index.ts'

describe('encodeQmqpRequest', () => {
  it('Q-202: writes the request of the specification', () => {
    const request = encodeQmqpRequest({
      content: Buffer.from('Subject: hi\n\nbody\n'),
      sender: 's@example.org',
      recipients: ['a@example.net', 'b@example.net'],
    })
    expect(request.toString()).toBe(
      '73:18:Subject: hi\n\nbody\n,13:s@example.org,13:a@example.net,13:b@example.net,,',
    )
  })

  it('Q-103: writes an empty message for the empty recipient from the null sender', () => {
    const message = { content: new Uint8Array(0), sender: '', recipients: [''] }
    expect(encodeQmqpRequest(message).toString()).toBe('9:0:,0:,0:,,')
  })

  it('Q-101: counts bytes, and sends addresses as the bytes that they came as', () => {
    const message = {
      content: Buffer.from('é\n'),
      sender: decodeAddress(Buffer.from('\xe9@x', 'latin1')),
      recipients: ['é@x'],
    }
    expect(encodeQmqpRequest(message).toString('latin1')).toBe(
      '19:3:\xc3\xa9\n,3:\xe9@x,4:\xc3\xa9@x,,',
    )
  })

  it('can be read back, whatever is in it', () => {
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(fc.uint8Array(), text, fc.array(text), (content, sender, recipients) => {
        const request = encodeQmqpRequest({ content, sender, recipients })
        const outer = new NetstringReader()
        outer.push(request)
        const inner = new NetstringReader()
        inner.push(outer.read(0) ?? new Uint8Array(0))
        expect(outer.surplus).toBe(0)
        expect(Buffer.from(inner.read(0) ?? [])).toEqual(Buffer.from(content))
        for (const address of [sender, ...recipients]) {
          expect(decodeAddress(inner.read(0) ?? new Uint8Array(0))).toBe(address)
        }
        expect(inner.surplus).toBe(0)
      }),
    )
  })
})
