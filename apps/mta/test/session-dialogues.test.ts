import { expect, it } from 'vitest'

import { smtpDialogues } from '../harness/smtp-dialogues.ts'
import { playDialogues } from './play-dialogues.ts'
import { dialogueKind, NOT_REPLAYED } from './transcripts/smtp-dialogues.ts'

playDialogues('session')

it('C-178: who is not replayed was recorded, and has one reason', () => {
  const names = smtpDialogues.map(({ name }) => name)
  const exempt = Object.values(NOT_REPLAYED).flat()
  expect(exempt.filter((name) => !names.includes(name))).toEqual([])
  expect(new Set(exempt).size).toBe(exempt.length)
  const others = smtpDialogues.filter((dialogue) => dialogueKind(dialogue) === undefined)
  const withoutTls = others.filter(({ config }) => !/tls/.test(Object.keys(config).join()))
  expect(withoutTls.map(({ name }) => name).toSorted()).toEqual(exempt.toSorted())
})
