import { memoryLogger } from '@posthouse/mail-log'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { OPTIONS } from '../test/scene.ts'
import { headerRules } from './header-rules.ts'
import { headerText } from './header-text.ts'
import { oneLine } from './one-line.ts'
import { PrimaryHeader } from './primary-header.ts'

function messageIdOf(...values: readonly string[]): string | undefined {
  const { logger: log } = memoryLogger()
  const rules = headerRules([])
  const owner = { queueId: 'QID', rules, mapping: undefined, warn: () => undefined }
  const context = { options: OPTIONS, log, rewriteExternal: (address: string) => address }
  const header = new PrimaryHeader(owner, context)
  for (const value of values) header.heed(headerText(Buffer.from(`Message-Id:${value}`)))
  return header.messageId
}

it('the message id is the first text in angle brackets of the first header that has one', () => {
  const value = fc.string({ unit: fc.constantFrom('<', '>', 'a', '@', ' ') })
  const property = fc.property(value, (text) => {
    expect(messageIdOf(text)).toBe(/<[^<>]*>/.exec(text)?.[0])
  })
  fc.assert(property, { numRuns: 2000 })
  expect(messageIdOf(' none', ' <1@x>', ' <2@x>')).toBe('<1@x>')
})

it('peer text stays in its line, and printable text as it is', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '~', '\n', '\r', '\0', '\x7f', 'ü') })
  const property = fc.property(text, (given) => {
    expect(oneLine(given, true)).toBe(given.replaceAll(/[\n\0\r]/g, ' '))
    expect(oneLine(given, false)).toBe(given.replaceAll(/[\n\0]/g, ' '))
  })
  fc.assert(property)
})
