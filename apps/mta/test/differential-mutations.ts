import * as fc from 'fast-check'

import type { Conversation, Ending } from '../harness/conversation.ts'
import { netstring, qmqpRequest } from '../harness/conversation.ts'

const M = 'Subject: hi\n\nbody\n'
const S = 's@example.org'
const R = 'r@example.net'

/** The parts of valid requests: message, sender, recipients. Short, so that changes hit. */
const BASES: readonly (readonly string[])[] = [
  [M, S, R],
  [M, S, R, 'q@example.net'],
  [M, '', R],
  ['', S, ''],
  [M, 'list-@example.org-@[]', R, 'two@example.net'],
  ['Received: a\n', 'a b@example.org', 'c d@example.net', 'e'],
  ['To: a,b\n\n.\n..\nlong', S, 'x@example.net', 'X@example.net', 'y'],
]

const INSERTED = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  ',',
  ':',
  '\xe9',
  '\xc3\xa9',
  ' ',
  '0',
  '9',
  '-',
  '1:',
  '0:,',
]
const LENGTHS = [
  ...[
    '',
    '0',
    '00',
    '1',
    '-1',
    '+5',
    ' 5',
    '5 ',
    '0x5',
    '1e1',
    '2048',
    '2049',
    '10240000',
    '10240001',
  ],
  ...['2147483647', '2147483648', '4294967296', '9007199254740993', '9223372036854775807'],
  ...['9223372036854775808', '18446744073709551616', '0000000000000000000000000000000013'],
]

type Change = (parts: Buffer) => Buffer

/** Positions are any number: they count modulo the length. */
const at = fc.nat({ max: 9999 })
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(at, fc.nat({ max: 7 })).map(([where, bit]) => flipBit(where, bit)),
  fc.tuple(at, fc.constantFrom(...INSERTED)).map(([where, bytes]) => insert(where, bytes)),
  fc.tuple(at, fc.constantFrom(...LENGTHS)).map(([where, length]) => changeLength(where, length)),
  fc.tuple(at, fc.integer({ min: -3, max: 3 })).map(([where, by]) => addToLength(where, by)),
  fc.tuple(at, fc.nat({ max: 12 })).map(([where, count]) => remove(where, count)),
  fc.tuple(at, fc.integer({ min: 1, max: 30 })).map(([where, count]) => repeat(where, count)),
  at.map((where) => truncate(where)),
  at.map((where) => swapNetstrings(where)),
  at.map((where) => repeatNetstring(where)),
)

const ending = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Ending>('half-close') },
  { weight: 3, arbitrary: fc.constant<Ending>('wait') },
  { weight: 1, arbitrary: fc.constant<Ending>('close') },
)

/** Requests that somebody has tampered with, on the level of bytes. */
export const mutatedConversation: fc.Arbitrary<Conversation> = fc
  .record({
    base: fc.constantFrom(...BASES),
    changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    cuts: fc.array(at, { maxLength: 2 }),
    ending,
  })
  .map(({ base, changes, cuts, ending }) => {
    const [content = '', sender = '', ...recipients] = base
    const request = qmqpRequest(content, sender, recipients)
    const bytes = changes.reduce((result, change) => change(result), request)
    return { writes: cut(bytes, cuts), ending }
  })

/** A valid request, ended by the client after each of its bytes. */
export function endedEverywhere(): Conversation[] {
  const request = qmqpRequest(M, S, [R])
  return Array.from({ length: request.length + 1 }, (_, length) => ({
    writes: [request.subarray(0, length)],
    ending: 'half-close',
  }))
}

/** A client that falls silent at each kind of place. */
export function silentEverywhere(): Conversation[] {
  const inner = [M, S, R].map((part) => netstring(part).toString())
  const starts = [
    '',
    '5',
    '56:',
    '56:18',
    '56:18:',
    '56:18:Subject',
    `56:${inner[0]!.slice(0, -1)}`,
  ]
  const [message = '', sender = '', recipient = ''] = inner
  starts.push(`56:${message}`, `56:${message}13:s@`, `56:${message}${sender}`)
  starts.push(`56:${message}${sender.slice(0, -1)}`, `56:${message}${sender}${recipient}`)
  return starts.map((text) => ({ writes: [Buffer.from(text)], ending: 'wait' }))
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((where) => where % (bytes.length + 1)).sort((one, other) => one - other)
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length))
}

function splice(bytes: Buffer, where: number, count: number, put: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, where), put, bytes.subarray(where + count)])
}

function flipBit(where: number, bit: number): Change {
  return (bytes) => {
    if (bytes.length === 0) return bytes
    const place = where % bytes.length
    return splice(bytes, place, 1, Buffer.of(bytes[place]! ^ (1 << bit)))
  }
}

function insert(where: number, text: string): Change {
  return (bytes) => splice(bytes, where % (bytes.length + 1), 0, Buffer.from(text, 'latin1'))
}

function remove(where: number, count: number): Change {
  return (bytes) => splice(bytes, where % (bytes.length + 1), count, Buffer.alloc(0))
}

function repeat(where: number, count: number): Change {
  return (bytes) => {
    const place = where % (bytes.length + 1)
    return splice(bytes, place, 0, bytes.subarray(place, place + count))
  }
}

function truncate(where: number): Change {
  return (bytes) => bytes.subarray(0, where % (bytes.length + 1))
}

/** Replaces what looks like a length by another text. */
function changeLength(where: number, length: string): Change {
  return (bytes) => onLength(bytes, where, () => length)
}

function addToLength(where: number, by: number): Change {
  return (bytes) => onLength(bytes, where, (digits) => String(Number(digits) + by))
}

function onLength(bytes: Buffer, where: number, replace: (digits: string) => string): Buffer {
  const lengths = [...bytes.toString('latin1').matchAll(/\d+(?=:)/g)]
  const found = lengths[where % Math.max(lengths.length, 1)]
  if (found === undefined) return bytes
  const [digits] = found
  return splice(bytes, found.index, digits.length, Buffer.from(replace(digits), 'latin1'))
}

/** Exchanges two neighbours among the inner netstrings. */
function swapNetstrings(where: number): Change {
  return (bytes) =>
    onNetstrings(bytes, where, (list, index) => {
      const [one, other] = [list[index], list[index + 1]]
      return one === undefined || other === undefined ? [] : [index, 2, other, one]
    })
}

function repeatNetstring(where: number): Change {
  return (bytes) =>
    onNetstrings(bytes, where, (list, index) => {
      const one = list[index]
      return one === undefined ? [] : [index, 0, one]
    })
}

type Splice = [] | [start: number, deleted: number, ...put: Buffer[]]

function onNetstrings(
  bytes: Buffer,
  where: number,
  edit: (list: Buffer[], index: number) => Splice,
): Buffer {
  const outer = bytes.indexOf(':') + 1
  const list: Buffer[] = []
  let start = outer
  for (;;) {
    const match = /^(\d{1,6}):/.exec(bytes.toString('latin1', start, start + 8))
    const end = start + (match?.[0].length ?? 0) + Number(match?.[1]) + 1
    if (match === null || end > bytes.length) break
    list.push(bytes.subarray(start, end))
    start = end
  }
  const [index, deleted, ...put] = edit(list, where % Math.max(list.length, 1))
  if (index === undefined) return bytes
  list.splice(index, deleted ?? 0, ...put)
  return Buffer.concat([bytes.subarray(0, outer), ...list, bytes.subarray(start)])
}
