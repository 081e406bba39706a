import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { mappingOptions } from '../test/addresses.ts'
import { DATE, glue, type Receiving, Scene, STAMP, START_MS } from '../test/scene.ts'
import { contentChecks } from '../test/tables.ts'
import type { CleanupMessage, Submission } from './index.ts'

const SUBMISSION: Submission = {
  fullName: 'Ann Other',
  lateRecipients: [],
  leadingAttributes: [['rewrite_context', 'local']],
  attributes: [],
  sendOptions: 0,
}

let scene: Scene
beforeAll(async () => {
  scene = await Scene.open()
})
afterAll(() => scene.close())

async function submit(
  submission: Partial<Submission>,
  message: Partial<CleanupMessage> = {},
  receiving: Receiving = {},
) {
  const { cleanup, lines } = scene.cleanup(receiving)
  const transaction = await cleanup.open({ userId: 1000 })
  const result = await transaction.submit({
    content: Buffer.from('Subject: tea\n\nbody\n'),
    sender: 'ann',
    recipients: ['r@example.net'],
    arrivalTimeMs: START_MS,
    submission: { ...SUBMISSION, ...submission },
    ...message,
  })
  const { id } = transaction
  const masked = lines.map((line) => line.replaceAll(id, '<QID>'))
  return { id, result, lines: masked, queued: scene.read(id)! }
}

describe('a message that a user of this machine hands in', () => {
  it('F-58: has a Received header that says so, and an author with a name', async () => {
    const { id, queued } = await submit({})
    const [received, by, subject, messageId, date, from] = glue(queued.content).split('\n')
    expect(received).toBe('Received: by mail.example.com (Postfix, from userid 1000)')
    expect(by).toBe(`\tid ${id}; ${DATE}`)
    expect(subject).toBe('Subject: tea')
    expect(messageId).toMatch(/^Message-Id: /)
    expect(date).toBe(`Date: ${DATE}`)
    expect(from).toBe('From: Ann Other <ann@mail.example.com>')
  })

  it.each([
    [{}, 'Subject: tea\n', 1],
    [{}, 'Require-TLS-ESMTP: yes\n', 1],
    [{ requireTlsHeader: false }, '', 0],
  ])('requiretls_esmtp_header: with %j, %j and REQUIRETLS has one', async (options, header, n) => {
    const content = Buffer.from(`${header}\nbody\n`)
    for (const context of ['local', 'remote']) {
      const leadingAttributes: [string, string][] = [['rewrite_context', context]]
      const submission = { sendOptions: 32, leadingAttributes }
      const { queued, result } = await submit(submission, { content }, { options })
      expect(glue(queued.content).split('\nRequire-TLS-ESMTP: yes\n')).toHaveLength(n + 1)
      expect(result).toMatchObject({ envelope: { sendOptions: 32 } })
    }
  })

  it.each([
    ['', 'From: ann@mail.example.com'],
    ['A. "B" \\C', 'From: "A. \\"B\\" \\\\C" <ann@mail.example.com>'],
    ['Zoë\nBcc: x', 'From: "Zo\xc3\xab Bcc: x" <ann@mail.example.com>'],
  ])('F-58: the full name %j is written %j', async (fullName, from) => {
    const { queued } = await submit({ fullName })
    expect(glue(queued.content).split('\n')).toContain(from)
  })

  it('F-46: its envelope is in the order of Postfix', async () => {
    const { queued } = await submit({
      leadingAttributes: [
        ['envelope_id', 'e1'],
        ['rewrite_context', 'local'],
      ],
      attributes: [['trace_flags', '1024']],
    })
    expect(queued.envelope.slice(2)).toEqual([
      ['A', expect.stringMatching(/^create_time=/)],
      ['A', 'envelope_id=e1'],
      ['A', 'rewrite_context=local'],
      ['F', 'Ann Other'],
      ['S', 'ann@mail.example.com'],
      ['A', 'trace_flags=1024'],
      ['A', 'dsn_orig_rcpt=rfc822;r@example.net'],
      ['O', 'r@example.net'],
      ['R', 'r@example.net'],
    ])
  })

  it('F-41: keeps what was asked for a recipient', async () => {
    const asked = { original: 'o@example.net', dsnOriginal: 'rfc822;first@x', notify: 6 }
    const { queued } = await submit({}, { recipients: [{ address: 'r@example.net', ...asked }] })
    expect(queued.envelope.slice(-4)).toEqual([
      ['A', 'notify_flags=6'],
      ['A', 'dsn_orig_rcpt=rfc822;first@x'],
      ['O', 'o@example.net'],
      ['R', 'r@example.net'],
    ])
  })

  it.each([
    ['maps', mappingOptions({ virtual: { 'list@x.test': 'a@x.test, b@x.test' } })],
    ['no maps', undefined],
  ])('F-47: recipients behind the content stay there, each once, with %s', async (_, mapping) => {
    const lateRecipients = ['list@x.test', 'r@example.net', { address: 'n@x.test', notify: 2 }]
    const { queued } = await submit({ lateRecipients }, {}, { mapping })
    const list = mapping === undefined ? ['list@x.test'] : ['a@x.test', 'b@x.test']
    const addresses = queued.extracted.filter(([type]) => type === 'R').map(([, text]) => text)
    expect(addresses).toEqual([...list, 'n@x.test'])
    expect(queued.extracted).toContainEqual(['A', 'notify_flags=2'])
    expect(queued.envelope[0]![1]).toMatch(new RegExp(`^(?: *\\d+){2} *${2 + list.length} *4 `))
  })

  it('F-47: recipients may all be behind the content, but there must be some', async () => {
    const late = { lateRecipients: ['r@example.net'] }
    expect((await submit(late, { recipients: [] })).result.kind).toBe('queued')
    expect((await submit({}, { recipients: [] })).result).toMatchObject({ status: 'rcpt' })
  })

  it('F-39: nothing is added to the header of a stranger, and nothing changed', async () => {
    const content = Buffer.from('To: bob\nSubject: tea\n\nbody\n')
    const leadingAttributes = [['rewrite_context', 'remote']] as const
    const { queued, lines } = await submit({ leadingAttributes }, { content })
    expect(glue(queued.content).split('\n').slice(2).join('\n')).toBe(content.toString())
    expect(lines).toEqual([])
    const options = { alwaysAddMissingHeaders: true }
    const always = await submit({ leadingAttributes }, { content }, { options })
    expect(glue(always.queued.content)).toContain('To: bob\nSubject: tea\nMessage-Id: ')
  })

  it.each(['7bit', '8bit'])(
    'F-47: an encoding of %s is one of the content, too',
    async (encoding) => {
      const { queued } = await submit({ attributes: [['encoding', encoding]] })
      expect(queued.extracted).toContainEqual(['A', `encoding=${encoding}`])
    },
  )

  it('F-34: what was asked for stays, what tells of the content is found again', async () => {
    const { queued } = await submit({ sendOptions: 33 }, { sender: 'ä@x.test' })
    expect(queued.envelope[0]![1].trimEnd()).toMatch(/ 37$/)
  })

  it('F-37: a time of warning that it has goes before delay_warning_time', async () => {
    const options = { delayWarningTimeMs: 3_600_000 }
    const { queued } = await submit({ warningTimeMs: 1_000_000 }, {}, { options })
    expect(queued.envelope).toContainEqual(['W', '           1000'])
  })

  it('Q-545: is called local in the log, and came by no protocol', async () => {
    const checks = contentChecks({ headerChecks: '/^Subject: tea/ WARN hm' })
    const { lines } = await submit({}, {}, { checks })
    expect(lines[0]).toBe(
      '<QID>: warning: header Subject: tea from local; from=<ann@mail.example.com> ' +
        'to=<r@example.net>: hm',
    )
  })
})

describe('a message that the mail system made', () => {
  it('F-46, F-73: has a Received header without a sender, and says in its file that it is', async () => {
    const { cleanup } = scene.cleanup({})
    const transaction = await cleanup.open('internal')
    await transaction.submit({
      content: Buffer.from(`Date: ${DATE}\nFrom: Mail <MAILER-DAEMON>\nSubject: tea\n\nbody\n`),
      sender: '',
      recipients: ['r@example.net'],
      arrivalTimeMs: START_MS,
      submission: { ...SUBMISSION, fullName: '', leadingAttributes: [['trace_flags', '0']] },
    })
    const { id } = transaction
    const { envelope, content } = scene.read(id)!
    expect(glue(content)).toBe(
      `Received: by mail.example.com (Postfix)\n\tid ${id}; ${DATE}\nDate: ${DATE}\n` +
        'From: Mail <MAILER-DAEMON@mail.example.com>\nSubject: tea\n' +
        `Message-Id: <${STAMP}.${id}@mail.example.com>\n\nbody\n`,
    )
    expect(envelope.slice(3)).toEqual([
      ['A', 'trace_flags=0'],
      ['S', ''],
      ['A', 'dsn_orig_rcpt=rfc822;r@example.net'],
      ['O', 'r@example.net'],
      ['R', 'r@example.net'],
    ])
  })
})
