import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { QueueFileError } from '@posthouse/queue-store'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { completeAddress, mappingOptions } from '../test/addresses.ts'
import {
  asAddress,
  CLIENT,
  DATE,
  glue,
  Scene,
  STAMP,
  START_MS,
  shownEnvelope,
  type TextRecord,
  undoEscapes,
  unmask,
} from '../test/scene.ts'
import headerVectors from '../vectors/header-addresses.json' with { type: 'json' }
import vectors from '../vectors/qmqp.json' with { type: 'json' }
import {
  type AddressMappingOptions,
  type CleanupMessage,
  type CleanupOptions,
  type CleanupOverrides,
  type CleanupPorts,
  type MessageStore,
  qmqpReply,
} from './index.ts'

let scene: Scene
beforeAll(async () => {
  scene = await Scene.open()
})
afterAll(() => scene.close())

const submit = (
  message: Partial<CleanupMessage>,
  options?: Partial<CleanupOptions>,
  ports?: Partial<CleanupPorts>,
  mapping?: AddressMappingOptions,
  overrides?: Partial<CleanupOverrides>,
) => scene.submit(message, { options, ports, mapping, overrides })

// The settings of the vectors.
const CONFIGURATIONS: Record<string, Partial<CleanupOptions>> = {
  '': {},
  // Less than the minimum of 512; Postfix did not apply it either.
  'qmqpd+cleanup: line_length_limit=40': {},
  'qmqpd+cleanup: line_length_limit=512': { lineLengthLimit: 512 },
  'cleanup: hopcount_limit=3': { hopcountLimit: 3 },
  'cleanup: undisclosed_recipients_header=To: undisclosed-recipients:;': {
    undisclosedRecipientsHeader: 'To: undisclosed-recipients:;',
  },
  'cleanup: message_size_limit=3000 (qmqpd: default)': { messageSizeLimit: 3000 },
  'message_size_limit=0': { messageSizeLimit: 0 },
  'qmqpd: smtputf8_autodetect_classes=all': { smtputf8Autodetect: true },
  'smtputf8_enable=no': { smtputf8: false },
  'cleanup: cleanup_replace_stray_cr_lf=no': { replaceStrayCr: false },
  'cleanup: header_size_limit=100': { headerSizeLimit: 100 },
  'cleanup: always_bcc=archive@example.org': { alwaysBcc: 'archive@example.org' },
  'cleanup: message_drop_headers=subject, x-foo': { messageDropHeaders: ['subject', 'x-foo'] },
  'cleanup: enable_long_queue_ids=yes': { longQueueIds: true },
  'cleanup: disable_mime_input_processing=yes': { disableMimeInputProcessing: true },
  'qmqpd: verp_delimiter_filter=-=+r; cleanup: default': {},
  'qmqpd: soft_bounce=yes': {},
  'cleanup: enable_original_recipient=no': { enableOriginalRecipient: false },
  'cleanup: duplicate_filter_limit=1': { duplicateFilterLimit: 1 },
  'qmqpd: content_filter=scan:[127.0.0.1]:10025': { contentFilter: 'scan:[127.0.0.1]:10025' },
  'cleanup: header_address_token_limit=10': { headerAddressTokenLimit: 10 },
  'cleanup: remote_header_rewrite_domain=remote.invalid': {},
  'cleanup: delay_warning_time=1h': { delayWarningTimeMs: 3600_000 },
}

// The tables of the vectors.
const VIRTUAL = {
  'v@example.com': 'w1@example.com, w2@example.com',
  'self@example.com': 'self@example.com, other@example.com',
}
const CHAIN = Object.fromEntries(
  Array.from({ length: 5 }, (_, n) => [`l${n}@example.com`, `l${n + 1}@example.com`]),
)
const CANONICAL = { 'canon@example.com': 'mapped@example.org' }
const MAPPINGS: Record<string, AddressMappingOptions> = {
  'cleanup: canonical_maps': mappingOptions({ canonicalMaps: CANONICAL }),
  'cleanup: canonical_maps, virtual_alias_maps': mappingOptions({
    canonicalMaps: CANONICAL,
    virtual: VIRTUAL,
  }),
  'cleanup: virtual_alias_maps v -> w1,w2': mappingOptions({ virtual: VIRTUAL }),
  'cleanup: canonical_maps=fail:x': mappingOptions({ canonicalMaps: 'fail:x' }),
  'cleanup: virtual_alias_maps=fail:x': mappingOptions({ virtual: 'fail:x' }),
  'cleanup: recipient_bcc_maps=fail:x': mappingOptions({ recipientBccMaps: 'fail:x' }),
  'cleanup: virtual_alias_recursion_limit=3': mappingOptions({ virtual: CHAIN, recursionLimit: 3 }),
  'cleanup: virtual_alias_expansion_limit=1': mappingOptions({
    virtual: VIRTUAL,
    expansionLimit: 1,
  }),
}
const NO_MAPPINGS =
  'qmqpd: receive_override_options=no_address_mappings; cleanup: always_bcc, virtual_alias_maps'

type Vector = (typeof vectors.cases)[number]

/** A queue file in a recording; lists of type and payload. */
interface RecordedFile {
  readonly envelope: string[][]
  readonly content: string[][]
  readonly extracted?: string[][]
}

/** What address-resolver made of the addresses of a vector: that is its business, not ours. */
function recordedRewriting({ sender, queued }: Vector): (address: string) => string {
  const known = new Map<string, string>()
  const records = (queued[0]?.envelope ?? []).map(([type, text]) => [type!, asAddress(text!)])
  for (const [index, [type, text]] of records.entries()) {
    if (type === 'S' && text !== '') known.set(asAddress(sender), text!)
    if (type === 'R') known.set(records[index - 1]![1]!, text!)
  }
  return (address) => known.get(address) ?? completeAddress(address)
}

/** What a line says as data, read from its text. */
function fieldsOf(line: string, queueId: string): object {
  const event = /^<QID>: ((?:resent-)?message-id)=/.exec(line)?.[1]
  if (event !== undefined) return { event, messageId: expect.any(String), queueId }
  const known = /^<QID>: (?:removed \((?=canceled|discarded)|(?=reject: mime-error ))(\w+)/.exec(
    line,
  )
  return known === null ? { queueId } : { event: known[1], queueId }
}

describe('vectors of Postfix', () => {
  it.each(vectors.cases)('Q-5xx: [$id] $title', async (vector) => {
    const config = ('config' in vector && vector.config) || ''
    const noAddressMappings = config === NO_MAPPINGS
    const mapping = noAddressMappings ? mappingOptions({ virtual: VIRTUAL }) : MAPPINGS[config]
    const options = noAddressMappings
      ? { alwaysBcc: 'archive@example.org' }
      : CONFIGURATIONS[config]
    expect(options ?? mapping, 'setting known').toBeDefined()
    const { id, result, lines, fields, queued } = await submit(
      {
        content: Buffer.from(undoEscapes(vector.content), 'latin1'),
        sender: asAddress(vector.sender),
        recipients: vector.recipients.map(asAddress),
        verpDelimiters: 'verp' in vector ? vector.verp : undefined,
      },
      options,
      // With maps the recorded addresses are not what the resolver made of them.
      mapping === undefined ? { rewrite: recordedRewriting(vector) } : {},
      mapping,
      { noAddressMappings },
    )
    const { kind, text } = qmqpReply(result)
    const soft = 'config' in vector && vector.config === 'qmqpd: soft_bounce=yes'
    const letter = kind === 'ok' ? 'K' : kind === 'permanent' && !soft ? 'D' : 'Z'
    expect(letter + text).toBe(vector.reply.replace('<QID>', id))

    const [recorded]: RecordedFile[] = vector.queued
    const expected = (records: string[][] | undefined) =>
      records?.map(([type, payload]) => [type, undoEscapes(unmask(payload!, id))])
    expect(queued === undefined ? undefined : shownEnvelope(queued.envelope)).toEqual(
      expected(recorded?.envelope),
    )
    expect(queued?.content).toEqual(expected(recorded?.content))
    const stored = queued?.extracted.filter(([type]) => type !== 'E')
    // message_id came with 3.10; a file without it has no extracted segment in the recording.
    expect(stored ?? []).toEqual(expected(recorded?.extracted) ?? [])

    expect(lines.map((line) => line.replaceAll(STAMP, '<YYYYMMDDHHMMSS>'))).toEqual(vector.log)
    expect(fields).toMatchObject(lines.map((line) => fieldsOf(line, id)))
  })

  it.each(headerVectors.cases)('Q-523: [$id] $header_in', async (vector) => {
    const content = Buffer.from(`${undoEscapes(vector.header_in)}\n\nb\n`, 'latin1')
    const { id, queued } = await submit({ content })
    const stored = glue(queued!.content).split('\n').slice(RECEIVED_LINES)
    const expected = vector.header_out.map((line) => undoEscapes(unmask(line, id)))
    expect(stored).toEqual([...expected, '', 'b', ''])
  })

  it('names the features for which recorded cases are left out', () => {
    expect(vectors.cases.length).toBe(181)
    expect(Object.keys(vectors.leftOut)).toEqual([
      'qmqp-server: VERP senders, netstring limits, soft_bounce',
      'two values of line_length_limit',
    ])
  })
})

const HEADER = 'From: x@example.org\nTo: y@example.org\nDate: now\nMessage-Id: <1@example.org>\n'
const RECEIVED_LINES = 3

/** The stored text without our own Received: header. */
async function storedText(text: string, options: Partial<CleanupOptions> = {}): Promise<string> {
  const { queued } = await submit({ content: Buffer.from(text, 'latin1') }, options)
  return glue(queued!.content).split('\n').slice(RECEIVED_LINES).join('\n')
}

describe('envelope', () => {
  // As in qmqp-access.json, the cases with and without qmqpd_client_port_logging.
  it.each([
    [CLIENT, false, '127.0.0.1', 'localhost[127.0.0.1]', '2'],
    [{ ...CLIENT, address: '::1', family: 6 }, false, 'IPv6:::1', 'localhost[::1]', '10'],
    [{ ...CLIENT, address: '::1', family: 6 }, true, 'IPv6:::1', 'localhost[::1]:4242', '10'],
  ] as const)(
    'Q-902: attributes of %o, port %s',
    async (client, withPort, logged, origin, type) => {
      const { cleanup } = scene.cleanup({ options: { clientPortLogging: withPort } })
      const transaction = await cleanup.open(client)
      const message = { content: Buffer.from(HEADER), sender: '', recipients: ['r@example.net'] }
      await transaction.submit({ ...message, arrivalTimeMs: START_MS })
      const { envelope, content } = scene.read(transaction.id)!
      expect(envelope.slice(3, -3).map(([kind, text]) => `${kind} ${text}`)).toEqual([
        'S ',
        'A log_client_name=localhost',
        `A log_client_address=${logged}`,
        'A log_client_port=4242',
        `A log_message_origin=${origin}`,
        'A log_protocol_name=QMQP',
        'A client_name=localhost',
        `A client_address=${client.address}`,
        'A client_port=4242',
        `A client_address_type=${type}`,
        'A protocol_name=QMQP',
      ])
      expect(content[0]![1]).toBe(`Received: from localhost (localhost [${logged}])`)
    },
  )

  it('Q-507: no delay warning for the null sender', async () => {
    const { queued } = await submit({ sender: '' }, { delayWarningTimeMs: 3600_000 })
    expect(queued!.envelope.map(([type]) => type)).not.toContain('W')
  })

  it('Q-326: the empty recipient stands for empty_address_recipient', async () => {
    const options = { emptyAddressRecipient: 'postmaster' }
    const { queued } = await submit({ recipients: [''] }, options)
    expect(queued!.envelope.slice(-2)).toEqual([
      ['O', ''],
      ['R', 'postmaster@mail.example.com'],
    ])
  })

  it('Q-505: always_bcc is a duplicate only where the final address alone counts', async () => {
    const options = { alwaysBcc: 'R@example.net' }
    const twice = await submit({}, options)
    const once = await submit({}, { ...options, enableOriginalRecipient: false })
    const count = (records: TextRecord[]) => records.filter(([type]) => type === 'R').length
    expect(count(twice.queued!.extracted)).toBe(1)
    expect(count(once.queued!.extracted)).toBe(0)
  })

  it('Q-505: a filter limit of 0 remembers all recipients', async () => {
    const recipients = Array.from({ length: 2000 }, (_, index) => `r${index % 1500}@example.net`)
    const { result } = await submit({ recipients }, { duplicateFilterLimit: 0 })
    expect(result).toMatchObject({ envelope: { recipientCount: 1500 } })
  })
})

describe('address mapping', () => {
  const maps = {
    canonicalMaps: { 's@e.t': 'S@e.t', 'c@e.t': 'v@e.t' },
    virtual: { 'v@e.t': 'w@e.t, x@e.t', 'sb@e.t': 'sb2@e.t' },
    senderBccMaps: { 's@e.t': 'sb@e.t' },
    recipientBccMaps: { 'v@e.t': 'rb@e.t' },
  }
  const content = Buffer.from('From: s@e.t\nTo: c@e.t\nX: y\nCc: z\nDate: d\n\nb\n')
  const message = { sender: 's@e.t', recipients: ['c@e.t', 'v@e.t', 'V@e.t', 'u'], content }
  const bcc = (original: string, address = original): TextRecord[] => [
    ['A', 'notify_flags=1'],
    ['O', original],
    ['R', address],
  ]
  const ordinary = (dsn: string, original: string, address: string): TextRecord[] => [
    ['A', `dsn_orig_rcpt=rfc822;${dsn}`],
    ['O', original],
    ['R', address],
  ]

  it.each([false, true])(
    'Q-503, Q-506: in the order of Postfix; slow tables: %s',
    async (isSlow) => {
      const mapping = mappingOptions({ ...maps, isSlow })
      const { queued, lines } = await submit(message, { alwaysBcc: 'c@e.t' }, {}, mapping)
      const u = 'u@mail.example.com'
      expect(shownEnvelope(queued!.envelope).slice(1)).toEqual([
        ['S', 'S@e.t'],
        ...bcc('sb@e.t', 'sb2@e.t'),
        ...ordinary('v@e.t', 'c@e.t', 'w@e.t'),
        ...ordinary('v@e.t', 'c@e.t', 'x@e.t'),
        ...bcc('rb@e.t'),
        ...ordinary('v@e.t', 'v@e.t', 'w@e.t'),
        ...ordinary('v@e.t', 'v@e.t', 'x@e.t'),
        ...ordinary(u, 'u', u),
      ])
      expect(queued!.extracted.slice(1, -1)).toEqual([
        ...bcc('v@e.t', 'w@e.t'),
        ...bcc('v@e.t', 'x@e.t'),
      ])
      expect(glue(queued!.content)).toContain(
        '\nFrom: S@e.t\nTo: v@e.t\nX: y\nCc: z@mail.example.com\nDate: d\nMessage-Id: ',
      )
      expect(lines).toHaveLength(1)
    },
  )

  it('Q-524: a missing From has the mapped sender', async () => {
    const { queued } = await submit({ sender: 's@e.t' }, {}, {}, mappingOptions(maps))
    expect(glue(queued!.content)).toContain('\nFrom: S@e.t\n')
  })

  it('Q-347: no_address_mappings completes, and no more', async () => {
    const options = { alwaysBcc: 'a@e.t' }
    const mapping = mappingOptions(maps)
    const off = { noAddressMappings: true }
    const { queued } = await submit(message, options, {}, mapping, off)
    expect(queued!.envelope.filter(([type]) => type === 'R')).toHaveLength(3)
    expect(queued!.extracted.map(([type]) => type)).toEqual(['A', 'E'])
    expect(glue(queued!.content)).toContain('\nTo: c@e.t\nX: y\nCc: z@mail.example.com\n')
  })

  it('Q-548: a table that fails for a header refuses the message for now', async () => {
    const { canonical } = mappingOptions({ canonicalMaps: 'fail:x', isSlow: true })
    const [{ map }] = canonical as [(typeof canonical)[number]]
    const mapping = {
      ...mappingOptions({}),
      canonical: [{ map, classes: ['header_recipient'] }],
    }
    const { id, result, lines } = await submit(message, {}, {}, mapping)
    expect(qmqpReply(result)).toEqual({ kind: 'temporary', text: 'Error: queue file write error' })
    expect(readdirSync(join(scene.directory, 'incoming'))).not.toContain(id)
    expect(lines).toEqual([
      'warning: fail:x lookup error for "c@e.t"',
      'warning: <QID>: canonical_maps map lookup problem for c@e.t' +
        ' -- message not accepted, try again later',
      '<QID>: removed (canceled)',
    ])
  })
})

describe('header', () => {
  it('Q-520: counts Received in any letter case and in the obsolete form', async () => {
    const content = Buffer.from('RECEIVED: x\nReceived : y\n')
    expect((await submit({ content }, { hopcountLimit: 4 })).result.kind).toBe('queued')
    const { result, lines, fields } = await submit({ content }, { hopcountLimit: 3 })
    expect(result).toEqual({ kind: 'rejected', status: 'hops', text: 'too many hops' })
    expect(lines).toEqual([
      'warning: <QID>: message rejected: hopcount exceeded',
      '<QID>: removed (canceled)',
    ])
    expect(fields).toMatchObject([{ reason: 'hopcount exceeded' }, { event: 'canceled' }])
  })

  it('Q-407: says in fields what the log says of message ids', async () => {
    const content = Buffer.from('Message-Id: <1@x>\nResent-From: r@x\n\n')
    const { id: queueId, fields } = await submit({ content })
    expect(fields).toEqual([
      { event: 'message-id', queueId, messageId: '<1@x>' },
      { event: 'resent-message-id', queueId, messageId: expect.stringMatching(/^<.*@.*>$/) },
    ])
    const own = await submit({})
    const messageId = expect.stringContaining(own.id)
    expect(own.fields).toEqual([{ event: 'message-id', queueId: own.id, messageId }])
  })

  it('Q-514: cuts each line of a header at its first NUL, and no line of the body', async () => {
    const text = `${HEADER}Subject: a\0b\n c\0d\nX: y\n\ne\0f\n`
    expect(await storedText(text)).toBe(`${HEADER}Subject: a\n c\nX: y\n\ne\0f\n`)
  })

  it('Q-513, Q-343: a CR at the start cannot make the text continue our own header', async () => {
    expect(await storedText('\r Bcc: x\r\nb')).toMatch(/^Message-Id: .*\nDate.*\nFrom.*\n\n {2}Bcc/)
  })

  it('Q-340: a recipient cannot add a header line', async () => {
    const { queued } = await submit({ recipients: ['r\nX-Evil: 1\r\n@example.net'] })
    expect(glue(queued!.content)).toContain('\tfor <"r X-Evil: 1\\  "@example.net>; ')
  })

  it('Q-524: a sender cannot add a header line', async () => {
    const { queued } = await submit({ sender: 's\nX-Evil: 1\n@example.net' })
    expect(glue(queued!.content)).toContain('\nFrom: "s X-Evil: 1 "@example.net\n')
  })

  it('Q-525: a Resent- header brings the three Resent- headers, also when dropped', async () => {
    const text = await storedText('resent-bcc: x\n')
    expect(text.match(/^[\w-]+/gm)).toEqual(['Resent-Message-Id', 'Resent-Date', 'Resent-From'])
  })

  it.each([
    ['no', 16, []],
    ['No', 16, []],
    ['yes', 0, ["warning: ignoring malformed header: 'TLS-Required: yes'"]],
  ])('Q-528: TLS-Required: %s', async (value, bits, warnings) => {
    const content = Buffer.from(`TLS-Required: ${value}\n${HEADER}`)
    const { result, lines } = await submit({ content })
    expect(result).toMatchObject({ envelope: { sendOptions: bits } })
    expect(lines.filter((line) => line.startsWith('warning'))).toEqual(warnings)
    const off = await submit({ content }, { tlsRequiredHeader: false })
    expect(off.result).toMatchObject({ envelope: { sendOptions: 0 } })
    expect(off.lines).toHaveLength(1)
  })

  it.each([
    ['yes', 32],
    ['YES ', 32],
    ['no', 0],
  ])('requiretls_esmtp_header: Require-TLS-ESMTP: %s', async (value, bits) => {
    const content = Buffer.from(`Require-TLS-ESMTP: ${value}\n${HEADER}`)
    const { result } = await submit({ content })
    expect(result).toMatchObject({ envelope: { sendOptions: bits } })
    const off = await submit({ content }, { requireTlsHeader: false })
    expect(off.result).toMatchObject({ envelope: { sendOptions: 0 } })
  })

  it('Q-527: not marked 8bit with detect_8bit_encoding_header = no', async () => {
    const content = Buffer.from('Content-Transfer-Encoding: 8bit\n\nb\n')
    const { result } = await submit({ content }, { detect8bitEncodingHeader: false })
    expect(result).toMatchObject({ envelope: { encoding: '' } })
  })
})

function failingStore(error: Error): MessageStore {
  const fail = () => Promise.reject(error)
  const parts = { start: () => Number.POSITIVE_INFINITY, append: fail, finish: fail }
  const draft = { id: '4F8A023020C', createTimeMs: START_MS, ...parts, abort: async () => {} }
  return { create: async () => draft }
}

describe('transaction', () => {
  const incoming = () => readdirSync(join(scene.directory, 'incoming'))

  it('removes the queue file when aborted', async () => {
    const { cleanup, lines } = scene.cleanup()
    const before = incoming()
    const transaction = await cleanup.open(CLIENT)
    expect(incoming().length).toBe(before.length + 1)
    await transaction.abort()
    expect(incoming()).toEqual(before)
    expect(lines).toEqual([`${transaction.id}: removed (canceled)`])
  })

  it('removes the queue file of a message that it refuses', async () => {
    const { id, result } = await submit({ recipients: [] })
    expect(result).toEqual({ kind: 'rejected', status: 'rcpt', text: 'no recipients specified' })
    expect(incoming()).not.toContain(id)
  })

  it('removes the queue file, and fails, when an address cannot be rewritten', async () => {
    const rewrite = (address: string) => {
      if (address.startsWith('bad')) throw new Error('broken')
      return address
    }
    const before = incoming()
    await expect(submit({ sender: 'bad' }, {}, { rewrite })).rejects.toThrow('broken')
    expect(incoming()).toEqual(before)
  })

  it('Q-330: reports a queue file that could not be written', async () => {
    const error = new QueueFileError('write', 'queue file write error: ENOSPC')
    const { result, lines } = await submit({}, {}, { store: failingStore(error) })
    expect(result).toEqual({ kind: 'rejected', status: 'write', text: 'queue file write error' })
    expect(lines.slice(-2)).toEqual([
      'warning: <QID>: queue file write error: ENOSPC',
      '<QID>: removed (canceled)',
    ])
  })

  it('passes on what is not the fault of a message', async () => {
    const error = new TypeError('a bug')
    await expect(submit({}, {}, { store: failingStore(error) })).rejects.toThrow(error)
  })

  it('can be submitted or aborted once', async () => {
    const { cleanup } = scene.cleanup()
    const transaction = await cleanup.open(CLIENT)
    await transaction.abort()
    await expect(transaction.abort()).rejects.toThrow('one call of submit or abort')
  })

  it('does not change the text that it was given', async () => {
    const content = Buffer.from('X: y\r\n\0: x\r\n')
    const copy = Buffer.from(content)
    await submit({ content })
    expect(content).toEqual(copy)
  })
})

// What cleanup does to a text without known headers, in the simplest way: short lines, strings.
function expectedText(input: string, added: string): string {
  let text = ''
  let rest = input
  for (let line = ''; /^>*From /.test(rest); rest = rest.slice(line.length)) {
    line = /^[^\n]*\n?/.exec(rest)![0]
    text += `X-Mailbox-Line: ${line}`
  }
  text = (/^[ \t\r]/.test(rest) ? `${text}\n${rest}` : text + rest).replaceAll('\r', ' ')
  const header = /^(?:[!-9;-~]+[ \t]*:.*(?:\n[ \t].*)*(?:\n|$))*/.exec(text)![0]
  const body = text.slice(header.length)
  const kept = header
    .split(/(?<=\n)(?![ \t])/)
    .filter((one) => one !== '' && !/^bcc[ \t]*:/i.test(one))
    .map((one) => one.replace(/^([!-9;-~]+)[ \t]+:/, '$1:').replace(/\0.*/g, ''))
    .map((one) => (one.endsWith('\n') ? one : `${one}\n`))
  const separator = body === '' || body.startsWith('\n') ? '' : '\n'
  const end = body === '' || body.endsWith('\n') ? '' : '\n'
  const missing = /^From[ \t]*:/m.test(header) ? added.replace(/^From:.*\n/m, '') : added
  return `${kept.join('')}${missing}${separator}${body}${end}`
}

const PARTS = [
  'A',
  'X-b',
  ':',
  ' ',
  '\t',
  '\n',
  '\r',
  '\0',
  '\xe9',
  'From ',
  '>',
  '\nBcc: z\n',
  '\n\n',
]

it('Q-340 to Q-343, Q-510 to Q-521: stores any text as it is but for the documented changes', async () => {
  const text = fc.array(fc.constantFrom(...PARTS), { maxLength: 25 }).map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(text, async (input) => {
      const { id, queued } = await submit({ content: Buffer.from(input, 'latin1') })
      const messageId = `<${STAMP}.${id}@mail.example.com>`
      const added = `Message-Id: ${messageId}\nDate: ${DATE}\nFrom: s@example.org\n`
      const stored = glue(queued!.content).split('\n').slice(RECEIVED_LINES).join('\n')
      expect(stored).toBe(expectedText(input, added))
    }),
    { numRuns: 100 },
  )
})

it('F-44: cuts lines at the limit and loses no byte of a complete message', async () => {
  const line = fc.uint8Array({ maxLength: 1100 }).map((bytes) =>
    Buffer.from(bytes)
      .toString('latin1')
      .replace(/[\n\r]/g, '.'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(line, { size: 'max', maxLength: 8 }), async (lines) => {
      const text = `${HEADER}\n${lines.join('\n')}`
      const content = Buffer.from(text, 'latin1')
      const { queued } = await submit({ content }, { lineLengthLimit: 512 })
      const end = text.endsWith('\n') ? '' : '\n'
      const stored = glue(queued!.content).split('\n').slice(RECEIVED_LINES).join('\n')
      expect(stored).toBe(text + end)
      expect(queued!.content.every(([, piece]) => piece.length <= 512)).toBe(true)
    }),
    { numRuns: 50 },
  )
})
