import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import { options as defaults } from '../test/options.ts'
import type { SmtpDelivery } from './index.ts'
import { type PrependedHeader, prependHeaders } from './prepended-headers.ts'

const ALL: readonly PrependedHeader[] = ['Return-Path', 'X-Original-To', 'Delivered-To']

function delivery(changes: Partial<SmtpDelivery> = {}): SmtpDelivery {
  return {
    queueId: 'QID',
    nexthop: 'b.test',
    sender: 's@a.test',
    recipients: [{ address: 'r@b.test', original: 'o@b.test' }],
    contentSize: 6,
    encoding: '7bit',
    sendOptions: 0,
    content: () => [Buffer.from('Hi: x\n\nhello\n')],
    reuse: { load: false, store: false },
    ...changes,
  }
}

async function prepend(message: SmtpDelivery, headers = ALL) {
  const { logger: log, lines } = memoryLogger()
  const options = { ...defaults, serviceName: 'relay', prependedHeaders: new Set(headers) }
  const result = await prependHeaders(message, message, { options, mapping: undefined, log })
  if ('kind' in result) return { result, lines }
  const chunks: Uint8Array[] = []
  for await (const chunk of result.content()) chunks.push(chunk)
  return { result: Buffer.concat(chunks).toString(), lines }
}

describe('C-175: headers before a message', () => {
  it.each([
    ['at once', () => [Buffer.from('Hi: x\n\nhello\n')]],
    [
      'in time',
      async function* () {
        yield Buffer.from('Hi: x\n\nhe')
        yield Buffer.from('llo\n')
      },
    ],
  ])('come first, whether the content comes %s', async (_, content) => {
    const { result } = await prepend(delivery({ content }))
    expect(result).toBe(
      'Return-Path: <s@a.test>\nX-Original-To: o@b.test\nDelivered-To: r@b.test\nHi: x\n\nhello\n',
    )
  })

  it('bring no lines of their own', async () => {
    const original = 'o\r\nEvil: yes\n\n@b.test'
    const recipients = [{ address: 'r@b.test', original }]
    const { result } = await prepend(delivery({ recipients }), ['X-Original-To'])
    expect(result).toBe('X-Original-To: "o\\?\\?Evil: yes\\?\\?"@b.test\nHi: x\n\nhello\n')
  })

  it('D and O are for one recipient, and the log says how to get there', async () => {
    const recipients = [{ address: 'r@b.test' }, { address: 's@b.test' }]
    const { result, lines } = await prepend(delivery({ recipients }))
    expect(result).toMatchObject({ status: '4.3.5', text: 'mail system configuration error' })
    expect(lines).toEqual(["warning: flag `D' requires relay_destination_recipient_limit = 1"])
  })

  it.each([1, 2, 3, 100])('a loop is found however the header arrives: by %i', async (size) => {
    const text = Buffer.from('X: y\n z\nDelivered-To: R@b.test\n\nhello\n')
    const content = () =>
      Array.from({ length: Math.ceil(text.length / size) }, (_, at) => {
        return text.subarray(at * size, (at + 1) * size)
      })
    const { result } = await prepend(delivery({ content }))
    expect(result).toMatchObject({ status: '5.4.6', text: 'mail forwarding loop for r@b.test' })
  })

  it('content that cannot be read is put off', async () => {
    const content = () => {
      throw new Error('gone')
    }
    const { result, lines } = await prepend(delivery({ content }))
    expect(result).toMatchObject({ status: '4.3.0', text: 'message content cannot be read' })
    expect(lines).toEqual(['warning: QID: message content cannot be read: Error: gone'])
  })
})
