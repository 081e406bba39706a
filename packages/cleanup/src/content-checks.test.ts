import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  asAddress,
  type Receiving,
  Scene,
  shownEnvelope,
  undoEscapes,
  unmask,
} from '../test/scene.ts'
import { contentChecks, type TestChecks } from '../test/tables.ts'
import vectors from '../vectors/checks.json' with { type: 'json' }
import observed from '../vectors/observed-checks.json' with { type: 'json' }
import {
  type CleanupOptions,
  type CleanupOverrides,
  type ContentChecks,
  qmqpReply,
} from './index.ts'

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

interface ObservedSetting {
  readonly parameters: Readonly<Record<string, string>>
  readonly tables: Readonly<Record<string, string>>
}

function checksOf(tables: Readonly<Record<string, string>>, isSlow: boolean): ContentChecks {
  const { header_checks, nested_header_checks, body_checks } = tables
  const given = {
    ...(header_checks !== undefined && { headerChecks: header_checks }),
    ...(nested_header_checks !== undefined && { nestedHeaderChecks: nested_header_checks }),
    ...(body_checks !== undefined && { bodyChecks: body_checks }),
  }
  return contentChecks(given, isSlow)
}

/** Parameters of main.cf, as far as the observed cases set them. */
function receivingWith(parameters: Readonly<Record<string, string>>): Receiving {
  const isYes = (name: string) => parameters[name] === 'yes'
  const number = (name: string, otherwise: number) => Number(parameters[name] ?? otherwise)
  return {
    options: {
      lineLengthLimit: number('line_length_limit', 2048),
      hopcountLimit: number('hopcount_limit', 50),
      bodyChecksSizeLimit: number('body_checks_size_limit', 51_200),
      mimeNestingLimit: number('mime_nesting_limit', 100),
      disableMimeInputProcessing: isYes('disable_mime_input_processing'),
      strict7bitHeaders: isYes('strict_7bit_headers'),
      strict8bitmimeBody: isYes('strict_8bitmime_body'),
      strictMimeEncodingDomain: isYes('strict_mime_encoding_domain'),
      messageStripCharacters: characters(parameters['message_strip_characters']),
      messageRejectCharacters: characters(parameters['message_reject_characters']),
      replaceStrayCr: parameters['cleanup_replace_stray_cr_lf'] !== 'no',
      infoLogAddressFormat:
        parameters['info_log_address_format'] === 'internal' ? 'internal' : 'external',
    },
    overrides: {
      noHeaderBodyChecks: parameters['receive_override_options'] === 'no_header_body_checks',
    },
  }
}

function characters(text = ''): Uint8Array {
  const escapes = text.match(/\\\w+/g) ?? []
  return Buffer.from(escapes.map((one) => (one === '\\a' ? 7 : Number.parseInt(one.slice(1), 8))))
}

/** A queue file in a recording; lists of type and payload. */
interface RecordedFile {
  readonly queue: string
  readonly envelope: string[][]
  readonly content: string[][]
  readonly extracted?: string[][]
}

/** What is compared of one message. */
interface Expectation {
  readonly content: string
  readonly sender: string
  readonly recipients: string[]
  readonly reply: string
  readonly log: string[]
  readonly queued: RecordedFile[]
}

async function outcomeOf(vector: Expectation, receiving: Receiving, isSoft = false) {
  const content = Buffer.from(undoEscapes(vector.content), 'latin1')
  const sender = asAddress(vector.sender)
  const recipients = vector.recipients.map(asAddress)
  const received = await scene.submit({ content, sender, recipients }, receiving)
  const { id, result, lines, queued } = received
  const { kind, text } = qmqpReply(result)
  const letter = kind === 'ok' ? 'K' : kind === 'permanent' && !isSoft ? 'D' : 'Z'
  const extracted = queued?.extracted.filter(([type]) => type !== 'E')
  return {
    id,
    reply: letter + text.replace(id, '<QID>'),
    log: lines.map(printed),
    queue: queued?.queue,
    envelope: queued && shownEnvelope(queued.envelope),
    content: queued?.content,
    extracted,
  }
}

function expectedOf({ reply, log, queued: [recorded] }: Expectation, id: string) {
  const expected = (records: string[][] | undefined) =>
    records?.map(([type, payload]) => [type, undoEscapes(unmask(payload!, id))])
  return {
    id,
    reply,
    log,
    queue: recorded?.queue,
    envelope: expected(recorded?.envelope),
    content: expected(recorded?.content),
    extracted: expected(recorded?.extracted),
  }
}

describe.each([
  ['tables that answer at once', false],
  ['tables that answer later', true],
])('as Postfix, with %s', (_, isSlow) => {
  it.each(vectors.cases)('Q-54x: [$id] $title', async (vector) => {
    const setting = SETTINGS[vector.config]
    expect(setting, 'setting known').toBeDefined()
    const { options, tables = {}, overrides } = setting!
    const receiving = { options, overrides, checks: contentChecks(tables, isSlow) }
    const outcome = await outcomeOf(vector, receiving, vector.config.includes('soft_bounce=yes'))
    expect(outcome).toEqual(expectedOf(vector, outcome.id))
  })

  it.each(observed.cases)('Q-54x, Q-556: [$id] $settings', async (vector) => {
    const settings: Record<string, ObservedSetting> = observed.settings
    const { parameters, tables } = settings[vector.settings]!
    const receiving = { ...receivingWith(parameters), checks: checksOf(tables, isSlow) }
    const { log, extracted, ...outcome } = await outcomeOf(vector, receiving)
    const old = {
      ...outcome,
      log: log.filter((line) => !line.startsWith('<QID>: removed (')),
      extracted: extracted?.filter(([, payload]) => !payload.startsWith('message_id=')),
    }
    expect(old).toEqual(expectedOf(vector, outcome.id))
  })
})

/** A line as a log has it, with the masks of the recording. */
function printed(line: string): string {
  return line
    .replace(/[\0-\x1f\x7f]/g, '?')
    .replace(/\b\d{14}\b/g, '<YYYYMMDDHHMMSS>')
    .replace(/\w{3}, \d+ \w{3} \d{4} [\d:]+ \+0000 \(UTC\)/g, '<DATE>')
}

it('Q-545: says in fields what the log says of checks', async () => {
  const headerChecks = '/^A/ HOLD\n/^B/ WARN look\n/^C/ REDIRECT r@example.org\n'
  const content = Buffer.from('A: 1\nB: 2\nC: 3\nDate: x\nFrom: x\nMessage-Id: <1@x>\n\n')
  const redirected = await scene.submit({ content }, { checks: contentChecks({ headerChecks }) })
  const { id: queueId } = redirected
  expect(redirected.fields).toEqual([
    { event: 'hold', queueId },
    { event: 'warning', queueId, reason: 'look' },
    { event: 'redirect', queueId, reason: 'r@example.org' },
    { event: 'message-id', queueId, messageId: '<1@x>' },
  ])
  for (const [action, events] of [
    ['DISCARD', ['discard', 'discarded']],
    ['REJECT', ['reject', 'canceled']],
  ] as const) {
    const checks = contentChecks({ headerChecks: `/^A/ ${action}\n` })
    const { fields } = await scene.submit({ content }, { checks })
    expect(fields.map((one) => one && 'event' in one && one.event)).toEqual(events)
  }
})
