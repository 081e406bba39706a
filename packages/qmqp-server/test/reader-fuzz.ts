import assert from 'node:assert/strict'

import { encodeAddress } from '@posthouse/mail-address'

import { type QmqpRequestEnd, type QmqpRequestLimits, QmqpRequestReader } from '../src/index.ts'
import { chunksOf, mutatedRequest } from './mutations.ts'
import type { Random } from './random.ts'
import { complete, type Ending, expectedOutcome } from './reference-parser.ts'

const LIMITS: readonly QmqpRequestLimits[] = [
  { messageSizeLimit: 200, lineLengthLimit: 40, verpDelimiterFilter: '-=+' },
  { messageSizeLimit: 0, lineLengthLimit: 2048, verpDelimiterFilter: '=' },
]

/** One mutated request through the reader, in chunks of chance. @throws AssertionError */
export function fuzzReader(random: Random): void {
  const bytes = mutatedRequest(random)
  const limits = random.pick(LIMITS)
  const ending: Ending = random.pick(['eof', 'timeout'])
  const reader = new QmqpRequestReader(limits)
  let end: QmqpRequestEnd | undefined
  for (const chunk of chunksOf(bytes, random)) {
    const next = reader.push(chunk)
    assert(end === undefined || next === end, 'the end must not change')
    end = next
  }
  const text = bytes.toString('latin1')
  if (end === undefined) assert.equal('more', expectedOutcome(text, limits, 'more'))
  end = ending === 'eof' ? reader.end() : reader.timeout()
  assert.equal(reader.timeout(), end)
  assert.equal(outcomeOf(end), expectedOutcome(text, limits, ending))
}

/** An end, in the words of the reference. */
export function outcomeOf(end: QmqpRequestEnd): string {
  switch (end.kind) {
    case 'complete': {
      const { content, sender, recipients, verpDelimiters = '' } = end.request
      const addresses = [sender, ...recipients].map((text) =>
        encodeAddress(text).toString('latin1'),
      )
      return complete(content.toString('latin1'), addresses, verpDelimiters)
    }
    case 'refused':
      return `refused: ${end.text.includes('VERP') ? 'VERP' : 'size'}`
    case 'aborted':
      return `${end.answered ? 'answered' : 'silent'}: ${end.what} while ${end.where}`
  }
}
