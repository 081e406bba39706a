import { expect, it } from 'vitest'

import { type CleanupStatus, qmqpReply } from './index.ts'

const TABLE: [status: CleanupStatus, text: string, kind: string][] = [
  ['defer', '4.7.1 later', 'temporary'],
  ['bad', 'internal error 1', 'temporary'],
  ['size', 'message too large', 'permanent'],
  ['hops', 'too many hops', 'permanent'],
  ['cont', '5.7.1 go away', 'permanent'],
  ['cont', '4.7.1 go away', 'temporary'],
  ['write', 'queue file write error', 'temporary'],
  ['rcpt', 'no recipients specified', 'permanent'],
]

it.each(TABLE)('Q-330: %s, %s is %s', (status, text, kind) => {
  expect(qmqpReply({ kind: 'rejected', status, text })).toEqual({ kind, text: `Error: ${text}` })
})
