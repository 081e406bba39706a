import { expect, it } from 'vitest'

import { disarmStart } from './mailbox-lines.ts'

const LONG = 'f'.repeat(7)

function disarmed(text: string, lineLengthLimit: number, replaceStrayCr = false): string {
  const { start, end } = disarmStart(Buffer.from(text), { lineLengthLimit, replaceStrayCr })
  return start.toString() + text.slice(end)
}

it.each([
  ['From a\nX: y\n', 'X-Mailbox-Line: From a\nX: y\n'],
  [
    'From a\n>>From b\nFrom c',
    'X-Mailbox-Line: From a\nX-Mailbox-Line: >>From b\nX-Mailbox-Line: From c',
  ],
  [' a\n', '\n a\n'],
  ['\ta\n', '\n\ta\n'],
  ['From a\n\tb\n', 'X-Mailbox-Line: From a\n\n\tb\n'],
])('Q-342, Q-343: %j becomes %j', (text, expected) => {
  expect(disarmed(text, 512)).toBe(expected)
})

it.each(['', 'X: y\nFrom a\n', 'From: a\n', 'From', '>a\n', '>', 'From\ta\n', '\nFrom a\n'])(
  'Q-342: leaves %j alone',
  (text) => expect(disarmed(text, 512)).toBe(text),
)

it.each([
  [`From ${LONG}x: y`, `X-Mailbox-Line: From ${LONG}x: y`], // The second record is no mailbox line.
  [`From ${LONG}From y`, `X-Mailbox-Line: From ${LONG}X-Mailbox-Line: From y`],
  [`From ${LONG} y`, `X-Mailbox-Line: From ${LONG}\n y`],
  [`From ${LONG}\n>From y`, `X-Mailbox-Line: From ${LONG}\nX-Mailbox-Line: >From y`],
])('Q-342: looks at records of 12 bytes: %j', (text, expected) => {
  expect(disarmed(text, 12)).toBe(expected)
})

it.each([
  ['From\ra\n', 'X-Mailbox-Line: From\ra\n'],
  ['\ra\n', '\n\ra\n'],
])('Q-513: %j becomes %j where a CR is a space', (text, expected) => {
  expect(disarmed(text, 512, true)).toBe(expected)
  expect(disarmed(text, 512, false)).toBe(text)
})
