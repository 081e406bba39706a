import { afterAll, beforeAll, expect, it } from 'vitest'

import { DialogueStage, smtpDialogues } from '../harness/smtp-dialogues.ts'
import { dialogueKind } from './transcripts/smtp-dialogues.ts'

/** Tests that the whole mail system does what smtp(8) did in the dialogues of a kind. */
export function playDialogues(kind: ReturnType<typeof dialogueKind>): void {
  const dialogues = smtpDialogues.filter((dialogue) => dialogueKind(dialogue) === kind)
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

  it('C-31, C-107: what is logged without a queue id', () => {
    const { recorded, run } = stage.otherLines
    expect(run).toEqual(recorded)
  })
}
