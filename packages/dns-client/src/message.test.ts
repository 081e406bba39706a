import { encode } from 'dns-packet'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodeReply, encodeQuery, type Question } from './message.ts'

const question: Question = { name: 'd.test', type: 'MX' }
const plain = { ednsBytes: 0, dnssec: false, authentic: false }

function bytes(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

// d.test MX, as it goes over the wire.
const ASKED = '01 64 04 74657374 00 000f 0001'
const RECORD_MX = 'c00c 000f 0001 0000003c 0009 000a 04 686f7374 c00c'
const RECORD_SOA =
  'c00e 0006 0001 00000e10 0017 00 00 00000001 00000002 00000003 00000004 0000012c'.replace(
    '0017',
    '0016',
  )

describe('encodeQuery', () => {
  it('RFC 1035 4.1: a plain question', () => {
    expect(encodeQuery(0x1234, question, plain)).toEqual(
      bytes(`1234 0100 0001 0000 0000 0000 ${ASKED}`),
    )
  })

  it('RFC 6891, RFC 4035 4.1: with EDNS, AD and DO', () => {
    const terms = { ednsBytes: 1232, dnssec: true, authentic: true }
    expect(encodeQuery(0x1234, question, terms)).toEqual(
      bytes(`1234 0120 0001 0000 0000 0001 ${ASKED} 00 0029 04d0 00 00 8000 0000`),
    )
  })
})

describe('decodeReply', () => {
  it('RFC 1035 4.1: records, compressed names, flags', () => {
    const reply = bytes(`1234 81a0 0001 0001 0000 0000 ${ASKED} ${RECORD_MX}`)
    expect(decodeReply(reply, 0x1234, question)).toEqual({
      code: 0,
      truncated: false,
      authentic: true,
      answers: [
        {
          type: 'MX',
          record: { name: 'd.test', ttl: 60, preference: 10, exchange: 'host.d.test' },
        },
      ],
      negativeTtl: undefined,
    })
  })

  it('RFC 2308 5: a negative answer is kept for the lesser of TTL and minimum', () => {
    const reply = bytes(`1234 8183 0001 0000 0001 0000 ${ASKED} ${RECORD_SOA}`)
    expect(decodeReply(reply, 0x1234, question)).toMatchObject({ code: 3, negativeTtl: 300 })
  })

  it('RFC 6891 6.1.3: the extension of the code counts', () => {
    const reply = bytes(`1234 8180 0001 0000 0000 0001 ${ASKED} 00 0029 0200 01 00 0000 0000`)
    expect(decodeReply(reply, 0x1234, question)).toMatchObject({ code: 16 })
  })

  it('RFC 2181 8: a TTL with the highest bit set is zero', () => {
    const record = RECORD_MX.replace('0000003c', '80000000')
    const reply = bytes(`1234 8180 0001 0001 0000 0000 ${ASKED} ${record}`)
    expect(decodeReply(reply, 0x1234, question)).toMatchObject({
      answers: [{ record: { ttl: 0 } }],
    })
  })

  it.each([
    ['another id', `1235 8180 0001 0000 0000 0000 ${ASKED}`],
    ['no reply', `1234 0100 0001 0000 0000 0000 ${ASKED}`],
    ['another name', '1234 8180 0001 0000 0000 0000 01 65 04 74657374 00 000f 0001'],
    ['another type', '1234 8180 0001 0000 0000 0000 01 64 04 74657374 00 0001 0001'],
    ['another class', '1234 8180 0001 0000 0000 0000 01 64 04 74657374 00 000f 0003'],
    ['two questions', `1234 8180 0002 0000 0000 0000 ${ASKED} ${ASKED}`],
    ['no question', '1234 8180 0000 0000 0000 0000'],
    ['less than a header', '1234 8180 0001'],
  ])('RFC 5452 9: is foreign: %s', (_, hex) => {
    expect(decodeReply(bytes(hex), 0x1234, question)).toBe('foreign')
  })

  it('an error need not repeat the question, whose case does not matter otherwise', () => {
    const error = bytes('1234 8182 0000 0000 0000 0000')
    expect(decodeReply(error, 0x1234, question)).toMatchObject({ code: 2 })
    const upper = bytes('1234 8180 0001 0000 0000 0000 01 44 04 54657354 00 000f 0001')
    expect(decodeReply(upper, 0x1234, question)).toMatchObject({ code: 0 })
  })

  it.each([
    ['a record that is missing', `1234 8180 0001 0002 0000 0000 ${ASKED} ${RECORD_MX}`],
    [
      'a pointer in circles',
      `1234 8180 0001 0001 0000 0000 ${ASKED} c018 000f 0001 0000003c 0004 000a c018`,
    ],
    [
      'an address cut off',
      `1234 8180 0001 0001 0000 0000 ${ASKED} c00c 0001 0001 0000003c 0002 7f00`,
    ],
    [
      'an IPv6 address cut off',
      `1234 8180 0001 0001 0000 0000 ${ASKED} c00c 001c 0001 0000003c 0008 20010db8 00000000`,
    ],
  ])('is malformed: %s', (_, hex) => {
    expect(decodeReply(bytes(hex), 0x1234, question)).toBe('malformed')
  })

  it('a truncated message may end anywhere', () => {
    const cut = bytes(`1234 8380 0001 0009 0000 0000 ${ASKED} ${RECORD_MX}`)
    expect(decodeReply(cut, 0x1234, question)).toMatchObject({ truncated: true, answers: [] })
  })

  it('never throws, and gives only records that are whole', () => {
    const good = encode({
      type: 'response',
      id: 1,
      flags: 0,
      questions: [question],
      answers: [
        { type: 'MX', name: 'd.test', ttl: 1, data: { preference: 1, exchange: 'a.test' } },
        { type: 'A', name: 'a.test', ttl: 1, data: '192.0.2.1' },
        { type: 'AAAA', name: 'a.test', ttl: 1, data: '2001:db8::1' },
        { type: 'CNAME', name: 'a.test', ttl: 1, data: 'b.test' },
      ],
    })
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255))
    const property = fc.property(
      fc.array(change, { maxLength: 8 }),
      fc.nat(good.length),
      (changes, length) => {
        const changed = Buffer.from(good)
        for (const [at, value] of changes) changed[at] = value
        const reply = decodeReply(changed.subarray(0, length), 1, question)
        if (typeof reply === 'string') return
        for (const answer of reply.answers) {
          if (answer.type === 'A') expect(answer.record).toHaveProperty('address')
          expect(JSON.stringify(answer)).not.toContain('undefined')
        }
      },
    )
    fc.assert(property, { numRuns: 2000 })
  })
})
