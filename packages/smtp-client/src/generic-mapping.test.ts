import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import { TableError } from './errors.ts'
import { type GenericMap, GenericMapping } from './generic-mapping.ts'
import type { SmtpDelivery } from './request.ts'

type Found = readonly [string, ...string[]]

const TABLE: Readonly<Record<string, Found>> = {
  'a@here.test': ['ann@there.test'],
  'b@here.test': ['b c@there.test', 'd@there.test'],
  'self@here.test': ['self@here.test'],
}
const table: GenericMap = (address) => TABLE[address]

function setUp(map: GenericMap = table) {
  const { logger, lines } = memoryLogger()
  return { mapping: new GenericMapping(map, 'smtp_generic_maps', logger), lines }
}

function delivery(sender: string, recipients: readonly string[]): SmtpDelivery {
  return {
    queueId: 'QID',
    nexthop: 'there.test',
    sender,
    recipients: recipients.map((address) => ({ address, original: address })),
    contentSize: 0,
    encoding: '',
    sendOptions: 0,
    content: () => [],
    reuse: { load: false, store: false },
  }
}

/** The header that goes out. */
async function header(text: string, map: GenericMap = table) {
  const { mapping, lines } = setUp(map)
  const sent = await mapping.header(Buffer.from(`${text}\n`), text.indexOf(':'))
  return { sent: sent.toString(), lines }
}

describe('GenericMapping', () => {
  it('C-172: maps sender and recipients, once, and leaves what ORCPT comes from', async () => {
    const { mapping } = setUp()
    const { sender, recipients } = await mapping.envelope(
      delivery('a@here.test', ['self@here.test', 'x@x.test', 'a@here.test']),
    )
    expect(sender).toBe('ann@there.test')
    expect(recipients).toEqual([
      { address: 'self@here.test', original: 'self@here.test' },
      { address: 'x@x.test', original: 'x@x.test' },
      { address: 'ann@there.test', original: 'a@here.test' },
    ])
  })

  it('C-172: asks for no empty address, in the envelope or a header', async () => {
    const asked: string[] = []
    const record: GenericMap = (address) => void asked.push(address)
    expect((await setUp(record).mapping.envelope(delivery('', ['r@x.test']))).sender).toBe('')
    await header('From: <>, a@x.test', record)
    expect(asked).toEqual(['r@x.test', 'a@x.test'])
  })

  it('C-172: takes the first of several results, with a warning', async () => {
    const { mapping, lines } = setUp()
    const { sender } = await mapping.envelope(delivery('b@here.test', []))
    expect(sender).toBe('b c@there.test')
    expect(lines).toEqual(['warning: multi-valued smtp_generic_maps result for b@here.test'])
  })

  it('C-173: writes a header anew if an address is in the map', async () => {
    const long = 'Cc:   x@x.test  (one),\n  a@here.test, "Name, A" <b@here.test>, y@x.test'
    expect((await header(long)).sent).toBe(
      'Cc: x@x.test (one), ann@there.test, "Name, A" <"b c"@there.test>,\n\ty@x.test\n',
    )
    expect((await header('FROM:\tself@here.test')).sent).toBe('FROM: self@here.test\n')
  })

  it('C-173: leaves other headers as they are, whatever is in them', async () => {
    for (const text of ['To:  x@x.test ,,\n\t(a@here.test) y', 'To: ', 'To: "', 'To: \n a"(']) {
      expect((await header(text)).sent).toBe(`${text}\n`)
    }
  })

  it('keeps bytes that are no UTF-8', async () => {
    const text = Buffer.from('From: J\xf6 <a@here.test>\n', 'latin1')
    const sent = await setUp().mapping.header(text, 4)
    expect(sent.toString('latin1')).toBe('From: J\xf6 <ann@there.test>\n')
  })

  it('C-172: says what it could not look up, and fails', async () => {
    const { mapping, lines } = setUp(() => Promise.reject(new Error('down')))
    await expect(mapping.envelope(delivery('', ['r@x.test']))).rejects.toThrow(TableError)
    const from = Buffer.from('From: a@x.test\n')
    await expect(mapping.header(from, 4)).rejects.toThrow(TableError)
    expect(lines).toEqual([
      'fatal: smtp_generic_maps map lookup problem for r@x.test',
      'fatal: smtp_generic_maps map lookup problem for a@x.test',
    ])
  })
})
