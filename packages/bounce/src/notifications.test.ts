import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'

import { decodeAddress } from '@posthouse/mail-address'
import * as fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { describe, expect, it } from 'vitest'

import {
  type BounceTemplateKind,
  builtInTemplates,
  composeNotifications,
  type Notification,
  type NotificationOptions,
  type NotificationRequest,
  type OriginalMessage,
  type StatusLogRecord,
} from './index.ts'

const directory = new URL('../vectors/dsn/', import.meta.url)
const names = readdirSync(directory).map((name) => name.replace('.eml', ''))
const EPOCH_MS = 1_767_225_600_000 // Thu, 1 Jan 2026 00:00:00 UTC, as masked in the vectors.
const HOST = 'mail.example.com'
const DOUBLE_BOUNCE = `double-bounce@${HOST}`
const KINDS: ReadonlyMap<string, BounceTemplateKind> = new Map([
  ['Undelivered Mail Returned to Sender', 'failure'],
  ['Postmaster Copy: Undelivered Mail', 'failure'],
  ['Zustellung gescheitert', 'failure'],
  ['Delayed Mail (still being retried)', 'delay'],
  ['Postmaster Warning: Delayed Mail', 'delay'],
  ['Successful Mail Delivery Report', 'success'],
  ['Mail Delivery Status Report', 'verify'],
])

const OPTIONS: NotificationOptions = {
  templates: builtInTemplates,
  templateValues: {
    parameter: (name) => (name === 'myhostname' ? HOST : undefined),
    delayWarningTimeSeconds: 4 * 3600,
    maximalQueueLifetimeSeconds: 5 * 86_400,
    smtputf8: true,
  },
  myhostname: HOST,
  mailName: 'Postfix',
  notifyClasses: new Set(),
  doubleBounceSender: 'double-bounce',
  bounceNoticeRecipient: 'pm-bounce@example.com',
  doubleBounceNoticeRecipient: 'pm-2bounce@example.com',
  delayNoticeRecipient: 'pm-delay@example.com',
  bounceSizeLimit: 50_000,
  headerFromFormat: 'standard',
  threadedBounces: false,
  redactRequireTls: true,
  verpDelimiterFilter: '-=+',
  formatDate: (timeMs) => {
    const [, day = '', rest] = /^(\w+, )(.*) GMT$/.exec(new Date(timeMs).toUTCString()) ?? []
    return `${day}${rest?.replace(/^0/, ' ')} +0000 (UTC)`
  },
}

const ORIGINAL: OriginalMessage = {
  queueId: '00002ABCDEF',
  sender: 's@box.example',
  arrivalTimeMs: EPOCH_MS,
  contentBytes: 500,
  encoding: '',
  sendOptions: 0,
  envelopeId: '',
  returnHeaders: false,
  traceFlags: 0,
  messageId: '',
  content: () => [Buffer.from('Subject: x\n\nbody\n')],
}

const ENTRY: StatusLogRecord = {
  recipient: 'u1@bounce.example',
  status: '5.1.1',
  action: 'failed',
  reason: 'test bounce reason',
}

const HEADER_NAMES = [
  ...['From', 'Subject', 'To', 'References', 'In-Reply-To', 'TLS-Required', 'Auto-Submitted'],
  ...['MIME-Version', 'Content-Type', 'Content-Transfer-Encoding'],
]
const MESSAGE_NAMES = [
  ...['Reporting-MTA', 'Original-Envelope-Id', 'X-Postfix-Queue-ID', 'X-Postfix-Sender'],
  'Arrival-Date',
]
const RECIPIENT_NAMES = [
  ...['Final-Recipient', 'Original-Recipient', 'Action', 'Status', 'Remote-MTA'],
  ...['Diagnostic-Code', 'Will-Retry-Until'],
]

/** What of a vector does not tell from the notification alone. */
const ORIGINALS: Readonly<Record<string, Partial<OriginalMessage>>> = {
  'failure-8bit-original': { encoding: '8bit' },
  'failure-no-smtputf8-8bit': { encoding: '8bit' },
  'failure-no-smtputf8-body7bit': { encoding: '7bit' },
  'failure-big-message': { contentBytes: 60_000 },
  'failure-cleanup-reject': { returnHeaders: true },
  'failure-received-only': { returnHeaders: true },
  'failure-ret-hdrs': { returnHeaders: true },
  'failure-smtputf8': { sendOptions: 1 },
  'failure-smtputf8-ret-hdrs': { sendOptions: 1, returnHeaders: true },
  'failure-threaded': { messageId: 'one@box.example' },
  'verp-1': { verpDelimiters: '+=' },
  'verp-2': { verpDelimiters: '+=' },
  'verify-bv': { traceFlags: 512 },
  'record-v-2': { traceFlags: 1024 },
}
const SETTINGS: Readonly<Record<string, Partial<NotificationOptions>>> = {
  'failure-mail-name': { mailName: 'My Mailer (x)' },
  'failure-obsolete-from': { headerFromFormat: 'obsolete' },
  'failure-threaded': { threadedBounces: true },
  'double-bounce': { notifyClasses: new Set(['2bounce']) },
  'postmaster-bounce': { notifyClasses: new Set(['bounce']) },
  'postmaster-bounce-sender': { notifyClasses: new Set(['bounce']) },
  'postmaster-delay': { notifyClasses: new Set(['delay']) },
  'postmaster-delay-sender': { notifyClasses: new Set(['delay']) },
}
/** Recipients of which that message must not tell. */
const UNWANTED: Readonly<Record<string, readonly number[]>> = {
  'failure-notify-subset': [1, 2],
  'delay-warning-notify-delay': [4],
}

/** A vector as the message was before cleanup, and what it was made of. */
interface Vector {
  readonly text: string
  readonly from: string
  readonly to: string
  readonly request: NotificationRequest
  readonly options: NotificationOptions
}

describe('notifications, as Postfix made them', () => {
  it.each(names)('F-65 to F-77: with the same template, byte by byte: %s', async (name) => {
    const { text, request, options, ...envelope } = readVector(name)
    const plan = composeNotifications(request, options)
    const found = plan.notifications.find(({ recipient }) => recipient === envelope.to)
    expect(found && (await textOf(found))).toBe(text)
    expect(found?.sender).toBe(envelope.from)
    expect(plan.warnings).toEqual([])
    expect(plan.removesLog).toBe(request.kind !== 'delay')
  })

  it.each(names)('F-73: with our own wording, part by part: %s', async (name) => {
    const { text, to, request, options } = readVector(name)
    const own = { ...options, templates: builtInTemplates }
    const { notifications } = composeNotifications(request, own)
    const mine = await textOf(notifications.find(({ recipient }) => recipient === to)!)
    const [ours, theirs] = [readReport(mine), readReport(text)]
    const isUtf8Template = name === 'failure-template-utf8'
    if (!isUtf8Template) expect(ours.header).toEqual(theirs.header)
    expect(ours.parts.slice(1)).toEqual(theirs.parts.slice(1))
    if (!isUtf8Template) expect(ours.parts[0]?.header).toEqual(theirs.parts[0]?.header)
    expect(paragraphs(ours.parts[0]!.body)).toEqual(paragraphs(theirs.parts[0]!.body))
    expect(await attachments(mine)).toEqual(await attachments(text))
  })
})

describe('who is told (F-65 to F-68)', () => {
  const all = new Set(['bounce', '2bounce', 'delay'] as const)
  const plan = (request: Partial<NotificationRequest>, options?: Partial<NotificationOptions>) =>
    composeNotifications(
      { kind: 'failure', entries: [ENTRY], original: ORIGINAL, nowMs: EPOCH_MS, ...request },
      { ...OPTIONS, ...options },
    )
  const from = (sender: string) => ({ ...ORIGINAL, sender })
  const told = ({ notifications }: ReturnType<typeof plan>) =>
    notifications.map(({ sender, recipient }) => `${sender} > ${recipient}`)

  it.each(['failure', 'delay', 'trace'] as const)(
    'F-65, F-68: a %s of a message from the double bounce address is told to nobody',
    (kind) => {
      const { notifications, removesLog, warnings } = plan(
        { kind, original: from(DOUBLE_BOUNCE.toUpperCase()) },
        { notifyClasses: all },
      )
      expect([notifications, removesLog]).toEqual([[], kind === 'failure'])
      const text = '00002ABCDEF: undeliverable postmaster notification discarded'
      expect(warnings).toEqual(kind === 'trace' ? [] : [text])
    },
  )

  it.each([
    ['failure', 'bounce', 'pm-2bounce@example.com'],
    ['failure', '2bounce', 'pm-2bounce@example.com'],
    ['failure', 'delay', undefined],
    ['delay', 'delay', 'pm-delay@example.com'],
    ['delay', '2bounce', undefined],
    ['trace', '2bounce', 'pm-2bounce@example.com'],
    ['trace', 'bounce', undefined],
  ] as const)('F-65: null sender, %s, class %s: %s', (kind, notifyClass, recipient) => {
    const result = plan({ kind, original: from('') }, { notifyClasses: new Set([notifyClass]) })
    expect(told(result)).toEqual(recipient ? [`${DOUBLE_BOUNCE} > ${recipient}`] : [])
    expect(result.removesLog).toBe(kind !== 'delay')
  })

  it('F-65, F-69: a report about the null sender reads like any other', async () => {
    const trace = plan(
      { kind: 'trace', original: from('') },
      { notifyClasses: new Set(['2bounce']) },
    )
    const [report] = trace.notifications
    expect([report?.isCopy, report?.sender]).toEqual([false, DOUBLE_BOUNCE])
    expect(report?.description).toBe('sender delivery status notification')
    const text = await textOf(report!)
    expect(text).toContain('\nAuto-Submitted: auto-replied\n')
    expect(text).toContain(builtInTemplates.success.lines[2])
    const failure = plan({ original: from('') }, { notifyClasses: new Set(['2bounce']) })
    const [notice] = failure.notifications
    expect([notice?.isCopy, notice?.description]).toEqual([
      ...[false, 'postmaster non-delivery notification'],
    ])
  })

  it('F-65: the sender first, then the postmaster, of all recipients and headers only', async () => {
    const entries = [{ ...ENTRY, notify: 1 }, { ...ENTRY, notify: 6 }, ENTRY]
    const result = plan({ entries }, { notifyClasses: all })
    expect(told(result)).toEqual([' > s@box.example', `${DOUBLE_BOUNCE} > pm-bounce@example.com`])
    expect(result.notifications.map((one) => one.entries.length)).toEqual([2, 3])
    expect(result.notifications.map((one) => one.isCopy)).toEqual([false, true])
    expect(result.notifications.map((one) => one.description)).toEqual([
      'sender non-delivery notification',
      'postmaster non-delivery notification',
    ])
    const copy = readReport(await textOf(result.notifications[1]!))
    expect(copy.parts[0]?.body).toMatch(/^\n<u1@/)
    expect(copy.parts[2]?.header).toContain('Content-Type: text/rfc822-headers')
    expect(copy.parts[2]?.body).toBe('Return-Path: <s@box.example>\nSubject: x\n')
  })

  it('F-66: nobody who wants to know: no notice, and the log is done with', () => {
    const result = plan({ entries: [{ ...ENTRY, notify: 8 }] })
    expect([result.notifications, result.removesLog]).toEqual([[], true])
    const delay = plan({ kind: 'delay', entries: [{ ...ENTRY, notify: 4 }] })
    expect([delay.notifications, delay.removesLog]).toEqual([[], false])
  })

  it('F-66: without a log the sender is told all the same', async () => {
    const { notifications } = plan({ entries: undefined })
    const { parts } = readReport(await textOf(notifications[0]!))
    expect(parts[0]?.body).toMatch(/\n\n\t--- Delivery report unavailable ---\n$/)
    expect(parts[1]?.body).not.toContain('Final-Recipient')
    expect(plan({ kind: 'trace', entries: undefined }).notifications).toEqual([])
    const verp = plan({ entries: undefined, original: { ...ORIGINAL, verpDelimiters: '+=' } })
    const text = await textOf(verp.notifications[0]!)
    expect(text).toContain('\nStatus: 5.0.0\n')
    expect(text).toContain('<(recipient address unavailable)>: (error report unavailable)\n')
  })

  it.each([
    ['list@a.example', 'u@b.example', 'list+u=b.example@a.example'],
    ['list', 'u', 'list+u'],
    ['l@a', '"x@y z"@b', 'l+"x@y z"=b@a'],
    ['l@a', '(MAILER-DAEMON)', 'l+(MAILER-DAEMON)@a'],
  ])('F-76: from %s, about %s: to %s', (sender, recipient, to) => {
    const original = { ...from(sender), verpDelimiters: '+=' }
    const entries = [
      { ...ENTRY, recipient: 'other@x', originalRecipient: recipient },
      { ...ENTRY, notify: 1 },
    ]
    expect(told(plan({ entries, original }))).toEqual([` > ${to}`])
  })

  it('F-76: delimiters that are not allowed, or nobody to add to: a notice as usual', () => {
    const odd = plan({ original: { ...ORIGINAL, verpDelimiters: '+x' } })
    expect(told(odd)).toEqual([' > s@box.example'])
    expect(odd.warnings).toEqual([
      '00002ABCDEF: VERP delimiters "+x" not used: expected two characters of ' +
        'verp_delimiter_filter, "-=+"',
    ])
    const original = { ...from(''), verpDelimiters: '+=' }
    const nobody = plan({ original }, { notifyClasses: all })
    expect(nobody.notifications).toHaveLength(1)
    expect(nobody.warnings).toEqual([
      '00002ABCDEF: request to send VERP-style notification of bounced mail',
    ])
  })

  it.each([
    [{ contentBytes: 50_000 }, {}, 'message/rfc822'],
    [{ contentBytes: 50_001 }, {}, 'text/rfc822-headers'],
    [{ contentBytes: 0 }, {}, 'text/rfc822-headers'],
    [{ contentBytes: 50_001 }, { bounceSizeLimit: 0 }, 'message/rfc822'],
    [{ returnHeaders: true }, {}, 'text/rfc822-headers'],
    [{ sendOptions: 32 }, {}, 'text/rfc822-headers'],
    [{ sendOptions: 32 }, { redactRequireTls: false }, 'message/rfc822'],
    [{ sendOptions: 1 }, {}, 'message/global'],
  ])('F-71: %j, %j: %s', async (original, options, type) => {
    const { notifications } = plan({ original: { ...ORIGINAL, ...original } }, options)
    const { parts } = readReport(await textOf(notifications[0]!))
    expect(parts[2]?.header).toContain(`Content-Type: ${type}`)
  })

  it.each([
    [1 | 4, true, 1 | 4, false],
    [16, true, 16, true],
    [16 | 32, false, 32, false],
    [1 | 16 | 32, true, 1, false],
  ])('F-72: send options %d, redacted %s: %d', async (bits, redact, expected, isOptional) => {
    const original = { ...ORIGINAL, sendOptions: bits }
    const [one] = plan({ original }, { redactRequireTls: redact }).notifications
    expect(one?.sendOptions).toBe(expected)
    expect((await textOf(one!)).includes('\nTLS-Required: no\n')).toBe(isOptional)
  })

  it.each([
    ['', 'us-ascii', ''],
    ['7bit', 'us-ascii', '7bit'],
    ['7bit', 'iso-8859-1', '8bit'],
    ['8bit', 'us-ascii', '8bit'],
  ] as const)('F-73: without smtputf8, %j, template in %s: %j', async (encoding, charset, is) => {
    const templateValues = { ...OPTIONS.templateValues, smtputf8: false }
    const failure = { ...builtInTemplates.failure, charset, lines: ['\udcfc'] }
    const templates = { ...builtInTemplates, failure }
    const original = { ...ORIGINAL, encoding, sender: 'ü@x' }
    const [one] = plan({ original }, { templateValues, templates }).notifications
    expect(one?.encoding).toBe(is)
    const text = await textOf(one!)
    expect(text.match(/^To: .*/m)?.[0]).toBe('To: ??@x')
    expect(/^Content-Transfer-Encoding: (.*)$/m.exec(text.split('\n--')[0]!)?.[1] ?? '').toBe(is)
    expect(text).toContain('\n\n\xfc\n\n<')
  })

  it('F-73: what was delayed until it expired has failed, with its status of 4', async () => {
    const entries = [{ ...ENTRY, action: 'delayed', status: '4.4.1' }]
    expect(await textOf(plan({ entries }).notifications[0]!)).toContain(
      '\nAction: failed\nStatus: 4.4.1\n',
    )
  })

  it('F-73: an original that is gone is said to be gone', async () => {
    const { notifications } = plan({ original: { ...ORIGINAL, content: undefined } })
    const { parts } = readReport(await textOf(notifications[0]!))
    expect(parts[2]?.body).toBe('\t--- Undelivered message unavailable ---\n')
  })

  it('F-73: an original that cannot be read makes no notification', async () => {
    const content = function* () {
      yield Buffer.from('Subject: x\n')
      throw new Error('damaged')
    }
    const { notifications } = plan({ original: { ...ORIGINAL, content } })
    await expect(textOf(notifications[0]!)).rejects.toThrow('damaged')
  })

  it('F-73: the original is read in chunks, and of headers no more than is needed', async () => {
    let read = 0
    const content = function* () {
      for (const chunk of ['Sub', 'ject', ': a\n', ' b\nX', '-Y : c\n\n', 'never', 'read']) {
        read++
        yield Buffer.from(chunk)
      }
    }
    const original = { ...ORIGINAL, content, returnHeaders: true }
    const { parts } = readReport(await textOf(plan({ original }).notifications[0]!))
    expect(parts[2]?.body).toBe('Return-Path: <s@box.example>\nSubject: a\n b\nX-Y : c\n')
    expect(read).toBe(5)
  })

  it('F-74: folds as Postfix does: blanks stay within a line, a long word is alone', async () => {
    const long = 'c'.repeat(102)
    const words = 'ddd eee ffff gggg hhhh iiii jjjj kkkk llll mmmm nnnn oooo pppp qqqq   rrrr'
    const reason = `aaa   bbb    ${long}   ${words} ssss  `
    const text = await textOf(plan({ entries: [{ ...ENTRY, reason }] }).notifications[0]!)
    const folded = `aaa   bbb\n    ${long}\n    ${words}\n    ssss\n\n`
    expect(text).toContain(`\n<u1@bounce.example>: ${folded}`)
    expect(text).toContain(`\nDiagnostic-Code: X-Postfix; ${folded}`)
  })

  it('F-75: brackets of a Message-ID are one pair', async () => {
    for (const messageId of ['a@b', '<a@b>', ' <<a@b>> ']) {
      const original = { ...ORIGINAL, messageId }
      const { notifications } = plan({ original }, { threadedBounces: true })
      expect(await textOf(notifications[0]!)).toContain(
        '\nReferences: <a@b>\nIn-Reply-To: <a@b>\nAuto-Submitted:',
      )
    }
  })

  it('F-78: a template that cannot be expanded gives way to the built-in one', async () => {
    const failure = { ...builtInTemplates.failure, origin: '/t', lines: ['$nosuch'] }
    const templates = { ...builtInTemplates, failure }
    const { notifications, warnings } = plan({}, { templates })
    expect(warnings).toEqual([
      ['/t: undefined $name in failure template', '$nosuch -- ignoring this template'].join(': '),
    ])
    expect(await textOf(notifications[0]!)).toContain(builtInTemplates.failure.lines[2])
  })
})

describe('any notification', () => {
  const nasty = fc.array(
    fc.oneof(
      fc.constantFrom('\n', '\r', '\0', '\n\n', '\t', ' ', '<', '>', '"', '@', ':', ';', '\udcff'),
      fc.constantFrom('\nBcc: x@y', '\n\n--b', 'Subject: x', 'ü', '\u2028', 'x'.repeat(3000)),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 8 },
  )
  const value = nasty.map((pieces) => pieces.join(''))
  const address = fc.string({ unit: fc.constantFrom(...'ab@."\n\r\0 ü:<'), maxLength: 60 })
  const entry: fc.Arbitrary<StatusLogRecord> = fc.record({
    recipient: address,
    originalRecipient: address,
    dsnOriginal: address,
    status: fc.constantFrom('5.1.1', '4.0.0\nX: y'),
    action: fc.constantFrom('failed', 'delayed\r\n'),
    diagnostic: fc.record({ type: fc.constant('smtp'), text: value }),
    remoteMta: fc.record({ type: fc.constant('dns'), name: value }),
    reason: value,
  })
  const request: fc.Arbitrary<NotificationRequest> = fc.record({
    kind: fc.constantFrom('failure', 'delay', 'trace'),
    entries: fc.array(entry, { minLength: 1, maxLength: 4 }),
    original: fc.record({
      queueId: fc.constant(ORIGINAL.queueId),
      sender: address,
      arrivalTimeMs: fc.nat(),
      contentBytes: fc.nat(100_000),
      encoding: fc.constantFrom('', '7bit', '8bit'),
      sendOptions: fc.nat(63),
      envelopeId: address,
      returnHeaders: fc.boolean(),
      traceFlags: fc.constantFrom(0, 512),
      messageId: address,
      verpDelimiters: fc.constantFrom(undefined, '+=', '\n\n'),
      content: fc
        .array(
          fc.oneof(
            nasty.map((pieces) => Buffer.from(pieces.join(''))),
            fc.uint8Array(),
          ),
        )
        .map((chunks) => () => chunks),
    }),
    nowMs: fc.nat(),
  })
  const options = fc.record({ smtputf8: fc.boolean(), threadedBounces: fc.boolean() }).map(
    ({ smtputf8, threadedBounces }): NotificationOptions => ({
      ...{ ...OPTIONS, threadedBounces, notifyClasses: new Set(['bounce', '2bounce', 'delay']) },
      templateValues: { ...OPTIONS.templateValues, smtputf8 },
    }),
  )

  it('F-73: has three parts, the fields that were meant and no others, and short lines', () =>
    fc.assert(
      fc.asyncProperty(request, options, async (asked, settings) => {
        for (const notification of composeNotifications(asked, settings).notifications) {
          const text = await textOf(notification)
          const { header, parts } = readReport(text)
          const types = (await attachments(text)).map(([type]) => type)
          expect(types).toEqual(parts.slice(1).map((part) => typeOf(part.header)))
          expect(header.map((field) => field.slice(0, field.indexOf(':')))).toEqual(
            HEADER_NAMES.filter((name) => header.some((field) => field.startsWith(`${name}:`))),
          )
          const groups = parts[1]!.body.replace(/\n$/, '').split('\n\n')
          expect(groups).toHaveLength(notification.entries.length + 1)
          for (const [index, group] of groups.entries()) {
            const allowed = index === 0 ? MESSAGE_NAMES : RECIPIENT_NAMES
            const found = fieldsOf(group).map((field) => field.slice(0, field.indexOf(':')))
            expect(found).toEqual(allowed.filter((name) => found.includes(name)))
          }
          const own = text.slice(0, text.indexOf('\nReturn-Path: <'))
          expect(own).toMatch(/^[^\r\0]*$/)
          expect(isUtf8(Buffer.from(own, 'latin1'))).toBe(true)
          expect(own.split('\n').filter((line) => line.length > 998)).toEqual([])
          if (!settings.templateValues.smtputf8) expect(own).toMatch(/^[\n\t\x20-\x7e]*$/)
        }
      }),
      { numRuns: 200 },
    ))

  it('F-71: returns an original byte by byte, in any chunks, or its headers', () =>
    fc.assert(
      fc.asyncProperty(request, async (asked) => {
        const content = Buffer.concat([...(asked.original.content!() as Uint8Array[])])
        const whole = content.toString('latin1')
        const headers = whole.match(
          /^(([ \t]|(?=[^:\n]{1,999}:)[!-9;-~]+[ \t]*:)[^\n]*(\n|$))*/,
        )![0]
        for (const notification of composeNotifications(asked, OPTIONS).notifications) {
          const { parts } = readReport(await textOf(notification))
          const { header, body } = parts[2]!
          const expected = header[0]!.endsWith('Headers') ? headers : whole
          const end = expected === '' || expected.endsWith('\n') ? '' : '\n'
          expect(body.slice(body.indexOf('\n') + 1)).toBe(expected + end)
        }
      }),
      { numRuns: 500 },
    ))
})

async function textOf(notification: Notification): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of notification.text()) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('latin1')
}

function readVector(name: string): Vector {
  const delivered = readFileSync(new URL(`${name}.eml`, directory), 'latin1')
  const field = (label: string) => new RegExp(`^${label}: (.*)$`, 'm').exec(delivered)?.[1] ?? ''
  // What cleanup added, and what the delivery agent did.
  const text = delivered
    .slice(delivered.indexOf('\nFrom: ') + 1)
    .replace('MAILER-DAEMON@example.com', 'MAILER-DAEMON')
    .replace(/^Message-Id: .*\n/m, '')
  const [explanation, report, returned] = readReport(text).parts
  const kind = KINDS.get(field('Subject'))!
  const sender = field('X-[\\w-]*-Sender').replace(/^.*; /, '')
  const isHeadersOnly = returned!.header[0]!.endsWith('Headers')
  const content = returned!.body.slice(returned!.body.indexOf('\n') + 1)
  const entries = recordsOf(explanation!.body, report!.body)
  for (const notify of UNWANTED[name] ?? []) entries.push({ ...ENTRY, notify })
  const template = {
    ...builtInTemplates[kind],
    ...(name === 'failure-template-utf8'
      ? { charset: 'UTF-8', from: field('From'), subject: field('Subject') }
      : {}),
    lines: linesOf(explanation!.body),
  }
  return {
    text,
    from: field('Return-Path').slice(1, -1),
    to: field('Delivered-To'),
    request: {
      kind: kind === 'failure' || kind === 'delay' ? kind : 'trace',
      entries,
      original: {
        ...ORIGINAL,
        sender: sender === `MAILER-DAEMON@${HOST}` ? '' : sender,
        envelopeId: field('Original-Envelope-Id'),
        content: () => [Buffer.from(isHeadersOnly ? `${content}\nBody: x\n` : content, 'latin1')],
        ...ORIGINALS[name],
      },
      nowMs: EPOCH_MS + 999,
    },
    options: {
      ...OPTIONS,
      ...SETTINGS[name],
      templates: { ...builtInTemplates, [kind]: template },
      templateValues: { ...OPTIONS.templateValues, smtputf8: !name.includes('no-smtputf8') },
    },
  }
}

/** The lines of a template that expand to what stands above the recipients. */
function linesOf(explanation: string): string[] {
  const text = explanation.slice(0, explanation.search(/^\n</m))
  return decode(text).replaceAll('$', '$$$$').split('\n').slice(0, -1)
}

/** What happened to each recipient, as the first part tells. */
function paragraphs(explanation: string): string[] {
  return explanation.slice(explanation.search(/^\n</m)).split('\n\n')
}

function recordsOf(explanation: string, report: string): StatusLogRecord[] {
  const reasons = paragraphs(decode(explanation)).map((one) => one.trim().replace(/\n {4}/g, ' '))
  const [, ...recipients] = decode(report).trimEnd().split('\n\n')
  return recipients.map((fields, index): StatusLogRecord => {
    const unfolded = fields.replace(/\n {4}/g, ' ')
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(unfolded)?.[1]
    const [, first, reason = ''] =
      /^<.*?>(?: \(expanded from <(.*)>\))?: (.*)$/.exec(reasons[index]!) ?? []
    const [, type = '', said = ''] = /^(smtp); (.*)$/.exec(field('Diagnostic-Code')!) ?? []
    const remote = field('Remote-MTA')?.split('; ')
    const given = field('Original-Recipient')
    return {
      recipient: field('Final-Recipient')!.replace(/^.*?; /, ''),
      ...(first === undefined ? {} : { originalRecipient: first }),
      ...(given === undefined || given.includes('; ') ? {} : { dsnOriginal: given }),
      status: field('Status')!,
      action: field('Action')!,
      ...(said === '' ? {} : { diagnostic: { type, text: said } }),
      ...(remote === undefined ? {} : { remoteMta: { type: remote[0]!, name: remote[1]! } }),
      reason,
    }
  })
}

function decode(text: string): string {
  return decodeAddress(Buffer.from(text, 'latin1'))
}

interface Report {
  readonly header: readonly string[]
  readonly parts: readonly { readonly header: readonly string[]; readonly body: string }[]
}

/** Reads a multipart/report strictly (RFC 2046 5.1, RFC 3464 2.1); throws if it is none. */
function readReport(text: string): Report {
  const end = text.indexOf('\n\n')
  const header = fieldsOf(text.slice(0, end))
  const boundary = /boundary="([^"\n]{1,70})"/.exec(text.slice(0, end))?.[1]
  const closing = `\n--${boundary}--\n`
  if (!text.endsWith(closing)) throw new Error('no closing boundary at the end')
  const [preamble, ...parts] = text.slice(end + 1, -closing.length).split(`\n--${boundary}\n`)
  expect(preamble).toBe('\nThis is a MIME-encapsulated message.\n')
  expect(parts).toHaveLength(3)
  const split = parts.map((part) => {
    const endOfHeader = part.indexOf('\n\n')
    const body = part.slice(endOfHeader + 2)
    return { header: fieldsOf(part.slice(0, endOfHeader)), body }
  })
  for (const group of split[1]!.body.replace(/\n$/, '').split('\n\n')) fieldsOf(group)
  return { header, parts: split }
}

function fieldsOf(text: string): string[] {
  const fields = text.split(/\n(?![ \t])/)
  for (const field of fields)
    expect(field).toMatch(/^[!-9;-~]+: [^\n\r\0]*(\n[ \t]+\S[^\n\r\0]*)*$/)
  return fields
}

/** What mailparser finds besides the text. */
async function attachments(text: string): Promise<[type: string, content: string][]> {
  const mail = await simpleParser(Buffer.from(text, 'latin1'), { keepDeliveryStatus: true })
  return mail.attachments.map(({ contentType, content }) => [contentType, content.toString()])
}

function typeOf(header: readonly string[]): string | undefined {
  return header.find((field) => field.startsWith('Content-Type: '))?.slice('Content-Type: '.length)
}
