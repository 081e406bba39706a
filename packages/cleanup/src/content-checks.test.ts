import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { asAddress, Scene, shownEnvelope, undoEscapes, unmask } from '../test/scene.ts'
import { contentChecks, type TestChecks } from '../test/tables.ts'
import vectors from '../vectors/checks.json' with { type: 'json' }
import { type CleanupOptions, type CleanupOverrides, qmqpReply } from './index.ts'

let scene: Scene
beforeAll(async () => {
  scene = await Scene.open()
})
afterAll(() => scene.close())

const RULES = vectors.tables
const ALL: TestChecks = {
  headerChecks: RULES['header_checks (regexp)'],
  mimeHeaderChecks: RULES['mime_header_checks (regexp)'],
  nestedHeaderChecks: RULES['nested_header_checks (regexp)'],
  bodyChecks: RULES['body_checks (regexp)'],
}

interface Setting {
  readonly options?: Partial<CleanupOptions>
  readonly tables?: TestChecks
  readonly overrides?: Partial<CleanupOverrides>
}

// The settings of the vectors.
const SETTINGS: Record<string, Setting> = {
  'cleanup: header_checks etc.': { tables: ALL },
  'cleanup: header_checks': { tables: { headerChecks: ALL.headerChecks! } },
  'qmqpd: soft_bounce=yes; cleanup: header_checks': { tables: { headerChecks: ALL.headerChecks! } },
  'qmqpd: receive_override_options=no_header_body_checks; cleanup: header_checks, body_checks': {
    tables: ALL,
    overrides: { noHeaderBodyChecks: true },
  },
  'cleanup: header_checks=fail:x': { tables: { headerChecks: 'fail:x' } },
  'cleanup: body_checks=fail:x': { tables: { bodyChecks: 'fail:x' } },
  'cleanup: header_checks: /^Received: from/ IGNORE': {
    tables: { headerChecks: RULES['header_checks of ext-e10'] },
  },
  'cleanup: header_checks: /^Received: from/ REPLACE X-Was: received': {
    tables: { headerChecks: RULES['header_checks of ext-e11'] },
  },
  'qmqpd+cleanup: line_length_limit=512; body_checks /^zz/ WARN zz, /tail$/ WARN tail': {
    options: { lineLengthLimit: 512 },
    tables: { bodyChecks: RULES['body_checks of ext-e19'] },
  },
  'cleanup: body_checks_size_limit=20': {
    options: { bodyChecksSizeLimit: 20 },
    tables: { bodyChecks: ALL.bodyChecks! },
  },
  'cleanup: message_strip_characters=\\0\\7': {
    options: { messageStripCharacters: Buffer.from([0, 7]) },
  },
  'cleanup: message_reject_characters=\\0': {
    options: { messageRejectCharacters: Buffer.from([0]) },
  },
  'cleanup: non_empty_end_of_header_action=add_header': {
    options: { nonEmptyEndOfHeaderAction: 'add_header' },
  },
  'cleanup: non_empty_end_of_header_action=reject': {
    options: { nonEmptyEndOfHeaderAction: 'reject' },
  },
  'cleanup: strict_7bit_headers=yes': { options: { strict7bitHeaders: true } },
  'cleanup: strict_8bitmime_body=yes': { options: { strict8bitmimeBody: true } },
}

/** A queue file in a recording; lists of type and payload. */
interface RecordedFile {
  readonly queue: string
  readonly envelope: string[][]
  readonly content: string[][]
  readonly extracted?: string[][]
}

describe.each([
  ['tables that answer at once', false],
  ['tables that answer later', true],
])('vectors of Postfix, with %s', (_, isSlow) => {
  it.each(vectors.cases)('Q-54x: [$id] $title', async (vector) => {
    const setting = SETTINGS[vector.config]
    expect(setting, 'setting known').toBeDefined()
    const { options, tables = {}, overrides } = setting!
    const { id, result, lines, queued } = await scene.submit(
      {
        content: Buffer.from(undoEscapes(vector.content), 'latin1'),
        sender: asAddress(vector.sender),
        recipients: vector.recipients.map(asAddress),
      },
      { options, overrides, checks: contentChecks(tables, isSlow) },
    )
    const { kind, text } = qmqpReply(result)
    const isSoft = vector.config.includes('soft_bounce=yes')
    const letter = kind === 'ok' ? 'K' : kind === 'permanent' && !isSoft ? 'D' : 'Z'
    expect(letter + text).toBe(vector.reply.replace('<QID>', id))
    expect(lines.map(printed)).toEqual(vector.log)

    const [recorded]: RecordedFile[] = vector.queued
    const expected = (records: string[][] | undefined) =>
      records?.map(([type, payload]) => [type, undoEscapes(unmask(payload!, id))])
    expect(queued?.queue).toBe(recorded?.queue)
    expect(queued && shownEnvelope(queued.envelope)).toEqual(expected(recorded?.envelope))
    expect(queued?.content).toEqual(expected(recorded?.content))
    const extracted = queued?.extracted.filter(([type]) => type !== 'E')
    expect(extracted).toEqual(expected(recorded?.extracted))
  })
})

/** A line as a log has it, with the masks of the recording. */
function printed(line: string): string {
  return line
    .replace(/[\0-\x1f\x7f]/g, '?')
    .replace(/\b\d{14}\b/g, '<YYYYMMDDHHMMSS>')
    .replace(/\w{3}, \d+ \w{3} \d{4} [\d:]+ \+0000 \(UTC\)/g, '<DATE>')
}
