import { afterAll, beforeAll, expect, it } from 'vitest'

import { DialogueStage, smtpDialogues } from '../harness/smtp-dialogues.ts'
import { dialogueKind, NOT_REPLAYED } from './transcripts/smtp-dialogues.ts'

const dialogues = smtpDialogues.filter((dialogue) => dialogueKind(dialogue) === 'session')

let stage: DialogueStage

beforeAll(async () => {
  stage = await DialogueStage.open(dialogues)
})
afterAll(() => stage.close())

it.each(dialogues.map(({ name, title }, at) => [name, title, at] as const))(
  'C-178, C-179: %s: %s',
  async (_name, _title, at) => {
    const { recorded, run } = await stage.play(at)
    expect(run).toEqual(recorded)
  },
)

it('C-178: who is not replayed was recorded, and has one reason', () => {
  const names = smtpDialogues.map(({ name }) => name)
  const exempt = Object.values(NOT_REPLAYED).flat()
  expect(exempt.filter((name) => !names.includes(name))).toEqual([])
  expect(new Set(exempt).size).toBe(exempt.length)
  const others = smtpDialogues.filter((dialogue) => dialogueKind(dialogue) === undefined)
  const withoutTls = others.filter(({ config }) => !/tls/.test(Object.keys(config).join()))
  expect(withoutTls.map(({ name }) => name).toSorted()).toEqual(exempt.toSorted())
})

it('C-107: what is logged without a queue id', () => {
  const { recorded, run } = stage.otherLines
  expect(run).toEqual(recorded)
})
