import { RecordReader } from '@posthouse/queue-store'
import { describe, expect, it } from 'vitest'

import { runSendmail, type SendmailSystem, type SubmitReply } from './index.ts'

const SYSTEM: Omit<SendmailSystem, 'submit'> = {
  user: { id: 0, name: 'root', fullName: 'root' },
  maySubmit: true,
  lineLengthLimit: 2048,
  headerSizeLimit: 102_400,
  headerAddressTokenLimit: 10_240,
  fixLineEndings: 'always',
  defaultVerpDelimiters: '+=',
  verpDelimiterFilter: '-=+',
  smtp: {
    hostname: 'mail.example.com',
    mailName: 'Postfix',
    maxMessageBytes: 1000,
    smtputf8: true,
    date: () => 'Thu, 01 Jan 2026 00:00:00 +0000 (UTC)',
  },
}
const START = ['EHLO c.example', 'MAIL FROM:<u@x.example>', 'RCPT TO:<a@x.example>', 'DATA']

describe('sendmail -bs', () => {
  it('RFC 5321 4.1.1.1: EHLO tells what there is', async () => {
    const { replies } = await session(['EHLO c.example', 'QUIT'])
    expect(replies).toEqual([
      '220 mail.example.com ESMTP Postfix',
      '250-mail.example.com',
      '250-PIPELINING',
      '250-SIZE 1000',
      '250-VRFY',
      '250-ENHANCEDSTATUSCODES',
      '250-8BITMIME',
      '250-DSN',
      '250 SMTPUTF8',
      '221 2.0.0 Bye',
    ])
  })

  it.each([
    [['MAIL'], '501 5.5.4 Syntax: MAIL FROM:<address>'],
    [['MAIL FROM:<a b@c>'], '501 5.1.7 Bad sender address syntax'],
    [['MAIL FROM:<a@b'], '501 5.1.7 Bad sender address syntax'],
    [['MAIL FROM:<a\0@b>'], '501 5.1.7 Bad sender address syntax'],
    [['MAIL FROM:<"a\rb"@c>'], '501 5.1.7 Bad sender address syntax'],
    [['MAIL FROM:<a@b> SIZE=1001'], '552 5.3.4 Message size exceeds fixed limit'],
    [['MAIL FROM:<a@b> SIZE=1000'], '250 2.1.0 Ok'],
    [['MAIL FROM:<a@b> ENVID=a+0Ab'], '501 5.5.4 Bad ENVID parameter syntax'],
    [['MAIL FROM:a@b AUTH=<>'], '250 2.1.0 Ok'],
    [['MAIL FROM:<>', 'MAIL FROM:<>'], '503 5.5.1 Error: nested MAIL command'],
    [['MAIL FROM:<>', 'HELO x', 'MAIL FROM:<>'], '250 2.1.0 Ok'],
    [['RCPT TO:<a@b>'], '503 5.5.1 Error: need MAIL command'],
    [['MAIL FROM:<>', 'RCPT TO:<>'], '501 5.1.3 Bad recipient address syntax'],
    [['MAIL FROM:<>', 'DATA'], '554 5.5.1 Error: no valid recipients'],
    [['DATA'], '503 5.5.1 Error: need RCPT command'],
    [
      ['MAIL FROM:<>', 'RCPT TO:<a@b> NOTIFY=NEVER,DELAY'],
      '501 5.5.4 Error: Bad NOTIFY parameter syntax',
    ],
    [['MAIL FROM:<>', 'RCPT TO:<a@b> ORCPT=a@b'], '501 5.5.4 Error: Bad ORCPT parameter syntax'],
    [[`NOOP ${'x'.repeat(5000)}`], '250 2.0.0 Ok'],
    [['vrfy a@b'], '252 2.0.0 a@b'],
    [['constructor'], '500 5.5.2 Error: command not recognized'],
    [[''], '500 5.5.2 Error: bad syntax'],
  ])('answers %j', async (commands, last) => {
    expect((await session(commands)).replies.at(-1)).toBe(last)
  })

  it('ends after as many errors as smtpd_hard_error_limit allows', async () => {
    const { replies } = await session(Array.from({ length: 30 }, () => 'FOO'))
    expect(replies).toHaveLength(22)
    expect(replies.at(-1)).toBe('421 4.7.0 mail.example.com Error: too many errors')
  })

  it('F-93: hands a message in as these records', async () => {
    const { replies, messages, status } = await session([
      'EHLO c.example',
      'MAIL FROM:<u@x.example> BODY=8BITMIME RET=HDRS ENVID=a+2Bb',
      'RCPT TO:<@r.example:"q q"@x.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o+2B1@x.example',
      'RCPT TO:<b@x.example>',
      'DATA',
      'Subject: x',
      '',
      '..',
      '.hidden',
      '.',
      'QUIT',
    ])
    expect(replies.slice(-3)).toEqual([
      '354 End data with <CR><LF>.<CR><LF>',
      '250 2.0.0 Ok: queued as ID1',
      '221 2.0.0 Bye',
    ])
    expect(status).toBe(0)
    expect(messages).toEqual([
      [
        'A envelope_id=a+b',
        'A ret_flags=2',
        'S u@x.example',
        'A encoding=8bit',
        'A notify_flags=10',
        'A dsn_orig_rcpt=rfc822;o+1@x.example',
        'R q q@x.example',
        'A dsn_orig_rcpt=rfc822;b@x.example',
        'R b@x.example',
        'M ',
        'N Received: from c.example (localhost [127.0.0.1])',
        'N \tby mail.example.com (Postfix) with ESMTP id ID1;',
        'N \tThu, 01 Jan 2026 00:00:00 +0000 (UTC)',
        'N Subject: x',
        'N ',
        'N .',
        'N hidden',
        'X ',
        'E ',
      ],
    ])
  })

  it('F-93: a first line that would continue the header begins the body', async () => {
    const { messages } = await session([...START, ' blank', '.'])
    expect(messages[0]?.slice(-5)).toEqual([
      'N \tfor <a@x.example>; Thu, 01 Jan 2026 00:00:00 +0000 (UTC)',
      'N ',
      'N  blank',
      'X ',
      'E ',
    ])
  })

  it('F-44: cuts long lines; only a whole line that is a dot ends the message', async () => {
    const lineLengthLimit = 16
    const commands = ['MAIL FROM:<>', 'RCPT TO:<a@b>', 'DATA', `${'x'.repeat(16)}.`, '.']
    const { messages } = await session(commands, { system: { lineLengthLimit } })
    expect(messages[0]?.slice(-4)).toEqual([`L ${'x'.repeat(16)}`, 'N .', 'X ', 'E '])
  })

  it.each(['too big', 'throws'])(
    'what a refused message has left is no command: %s',
    async (how) => {
      const submit: SendmailSystem['submit'] = async (records) => {
        for await (const _ of records) break
        if (how === 'throws') throw new Error('no disk')
        return { kind: 'refused', reason: 'message file too big' }
      }
      const commands = [...START, 'RSET', 'QUIT', '.', 'VRFY a@b', 'QUIT']
      const { replies, stderr } = await session(commands, { system: { submit } })
      expect(replies.slice(-3)).toEqual([
        how === 'throws'
          ? '451 4.3.0 Error: queue file write error'
          : '552 5.3.4 Error: message file too big',
        '252 2.0.0 a@b',
        '221 2.0.0 Bye',
      ])
      expect(stderr).toBe(how === 'throws' ? 'sendmail: warning: no disk\n' : '')
    },
  )

  it('F-93: keeps nothing of a message without its end, and says nothing', async () => {
    const { replies, messages, status } = await session([...START, 'Subject: x'])
    expect(replies.at(-1)).toBe('354 End data with <CR><LF>.<CR><LF>')
    expect({ messages, status }).toEqual({ messages: [], status: 0 })
  })

  it.each([1, 7])('says the same whatever pieces its input comes in: %i bytes', async (chunk) => {
    const commands = [...START, 'x', '.', 'QUIT']
    expect(await session(commands, { chunk })).toEqual(await session(commands))
  })

  it('RFC 5321 4.5.3.1.10: takes no more than a thousand recipients', async () => {
    const recipients = Array.from({ length: 1001 }, (_, at) => `RCPT TO:<r${at}@x.example>`)
    const { replies } = await session(['MAIL FROM:<>', ...recipients])
    expect(replies.at(-2)).toBe('250 2.1.5 Ok')
    expect(replies.at(-1)).toBe('452 4.5.3 Error: too many recipients')
  })
})

async function session(
  commands: readonly string[],
  { chunk = 65_536, system = {} }: { chunk?: number; system?: Partial<SendmailSystem> } = {},
) {
  const out: Buffer[] = []
  const err: Buffer[] = []
  const messages: string[][] = []
  const unused = async (): Promise<never> => {
    throw new TypeError('not for this mode')
  }
  const status = await runSendmail(['-bs'], {
    input: chunks(Buffer.from(commands.map((line) => `${line}\r\n`).join('')), chunk),
    stdout: (bytes) => out.push(Buffer.from(bytes)),
    stderr: (bytes) => err.push(Buffer.from(bytes)),
    open: () => ({
      ...SYSTEM,
      submit: async (records, created): Promise<SubmitReply> => {
        created?.(`ID${messages.length + 1}`)
        const pieces: Uint8Array[] = []
        for await (const piece of records) pieces.push(Buffer.from(piece))
        messages.push(await shown(Buffer.concat(pieces)))
        return { kind: 'stored' }
      },
      ...system,
    }),
    postqueue: unused,
    postalias: unused,
    start: unused,
  })
  const replies = Buffer.concat(out).toString().split('\r\n').slice(0, -1)
  return { status, replies, messages, stderr: Buffer.concat(err).toString() }
}

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function shown(records: Buffer): Promise<string[]> {
  const read = async (at: number, length: number) => records.subarray(at, at + length)
  const reader = new RecordReader(read, records.length)
  const found: string[] = []
  for (let record = await reader.read(); record; record = await reader.read()) {
    found.push(`${String.fromCharCode(record.type)} ${record.data.toString()}`)
  }
  return found
}
