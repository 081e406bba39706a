import { beforeAll, describe, expect, it } from 'vitest'
import listings from '../vectors/listings.json' with { type: 'json' }

import { jsonLine, type ListedMessage, type ListedRecipient, TextListing } from './index.ts'

beforeAll(() => {
  process.env['TZ'] = 'UTC'
})

const SHORT = { longQueueIds: false, smtputf8: true }
const LONG = { longQueueIds: true, smtputf8: true }

interface JsonMessage {
  readonly queue_name: string
  readonly queue_id: string
  readonly arrival_time: number
  readonly message_size: number
  readonly forced_expire: boolean
  readonly sender: string
  readonly recipients: readonly { readonly address: string; readonly delay_reason?: string }[]
}

function messageOf(line: string): ListedMessage {
  const json = JSON.parse(line) as JsonMessage
  return {
    queueName: json.queue_name,
    queueId: json.queue_id,
    arrivalSeconds: json.arrival_time,
    sizeBytes: json.message_size,
    isForcedExpire: json.forced_expire,
    sender: json.sender,
    recipients: json.recipients.map(({ address, delay_reason: reason = '' }) => {
      return { address, reason, source: 'defer' }
    }),
  }
}

/** With the times masked, as those of the vectors are. */
function listing(format: typeof SHORT, messages: readonly ListedMessage[]): string {
  const text = new TextListing(format)
  return messages.map((message) => text.message(message)).join('') + text.end()
}

const message = (
  changes: Partial<ListedMessage> = {},
  ...recipients: Partial<ListedRecipient>[]
): ListedMessage => ({
  queueName: 'deferred',
  queueId: '4AF1721AD29',
  arrivalSeconds: 1767225600,
  sizeBytes: 300,
  isForcedExpire: false,
  sender: 'sender@example.org',
  recipients: recipients.map((recipient) => {
    return { address: 'user@example.net', reason: '', source: 'file', ...recipient }
  }),
  ...changes,
})

describe('as Postfix lists them', () => {
  const recorded = listings.filter(({ json }) => json !== null)

  it.each(recorded)('F-85: text: $name', ({ text, json }) => {
    expect(listing(SHORT, (json ?? []).map(messageOf))).toBe(text)
  })

  it.each(recorded)('F-86: JSON: $name', ({ json }) => {
    for (const line of json ?? []) expect(jsonLine(messageOf(line), true)).toBe(`${line}\n`)
  })
})

describe('F-85: the long form', () => {
  it('has its columns, whatever ids there are', () => {
    const recorded = listings.find(({ name }) => name === 'wide queue IDs')?.text ?? ''
    const held = [
      message({ queueName: 'hold', queueId: '00001ABCDEF', sizeBytes: 338 }, { address: 'u@h' }),
      message({ queueName: 'hold', queueId: '4jWLXn0002zJbKV', sizeBytes: 342 }, { address: 'u' }),
      message({ queueName: 'hold', queueId: '00007ABCDEF', sizeBytes: 338, isForcedExpire: true }),
    ]
    const lines = listing(LONG, held).split('\n')
    expect(lines[0]).toBe(recorded.split('\n')[0])
    for (const line of lines.filter((one) => /!/.test(one))) {
      const known = recorded.split('\n').find((one) => one.startsWith(line.slice(0, 15))) ?? ''
      expect(known.slice(0, 47)).toBe(line.slice(0, 47).replace('Thu Jan  1', 'Thu Jan  1'))
    }
    expect(lines).toContain(`${' '.repeat(47)}u@h`)
  })
})

describe('text', () => {
  it('an empty queue is one line', () => {
    expect(listing(SHORT, [])).toBe('Mail queue is empty\n')
  })

  it('F-85: a reason is printed when it changes, and when it is gone', () => {
    const why = { reason: 'why' }
    const lines = listing(SHORT, [message({}, why, why, {}, {}, { reason: 'x'.repeat(80) })])
    expect(lines.match(/\(.*\)/g)).toEqual(['(why)', '(reason unavailable)', `(${'x'.repeat(80)})`])
    expect(lines).toContain(`\n${' '.repeat(73)}(why)\n`)
  })

  it('the size of a message that is over full columns moves what follows', () => {
    const line = listing(SHORT, [message({ sizeBytes: 12345678 })]).split('\n')[1]
    expect(line).toBe('4AF1721AD29 12345678 Thu Jan  1 00:00:00  sender@example.org')
  })

  it('control characters and damaged UTF-8 cannot reach the terminal', () => {
    const nasty = 'a\u001b[2J\u007f\udcff\n@x'
    const text = listing(SHORT, [message({ sender: nasty }, { address: nasty, reason: nasty })])
    expect(text.match(/a\?\[2J\?\?\?@x/g)).toHaveLength(3)
  })

  it('without smtputf8 each byte of what is not ASCII is a question mark', () => {
    const format = { ...SHORT, smtputf8: false }
    expect(listing(format, [message({ sender: 'ü@x' })])).toContain(' ??@x\n')
  })
})

describe('F-86: JSON of release 3.11', () => {
  it('tells the original address, and from which log a reason is', () => {
    const line = jsonLine(
      message(
        {},
        { address: 'b', originalAddress: 'a', reason: 'late', source: 'defer' },
        { address: 'c', reason: 'no such user', source: 'bounce' },
        { address: 'd', reason: 'else' },
        { address: 'e' },
      ),
      true,
    )
    expect(JSON.parse(line).recipients).toEqual([
      { orig_address: 'a', address: 'b', delay_reason: 'late' },
      { address: 'c', bounce_reason: 'no such user' },
      { address: 'd', other_reason: 'else' },
      { address: 'e' },
    ])
  })

  it('escapes quotes and backslashes, and control characters are gone', () => {
    const line = jsonLine(message({ sender: '"a\\b\t"@x' }), true)
    expect(line).toContain('"sender": "\\"a\\\\b?\\"@x"')
  })
})
