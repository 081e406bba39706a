import { readFileSync } from 'node:fs'
import { RecordReader } from '@posthouse/queue-store'
import { describe, expect, it } from 'vitest'

import { runSendmail, type SendmailSystem, type SubmitReply } from './index.ts'

interface Recorded {
  readonly name: string
  readonly args: string[]
  readonly input: string
  readonly records: string
}

interface Run {
  readonly user: 'root' | 'nobody'
  readonly args: string[]
  readonly fullName?: string
  readonly maySubmit?: false
  readonly input: string
  readonly stdout: string[]
  readonly stderr: string[]
  readonly exit: number
  readonly records: [type: string, text: string][] | null
}

interface Given {
  readonly input?: string | Buffer
  readonly chunkBytes?: number
  readonly system?: Partial<SendmailSystem>
  readonly reply?: SubmitReply
}

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
const MAILDROP: Recorded[] = vectors('maildrop')
const TRANSCRIPT: Run[] = vectors('transcript')

describe('runSendmail', () => {
  it.each(MAILDROP)('F-46: $name has the recorded records, byte for byte', async (recorded) => {
    const { args, input, records } = recorded
    const run = await sendmail(args, { input })
    expect(run.records?.toString('hex')).toBe(records)
  })

  it.each(MAILDROP)(
    'F-92: $name is the same whatever pieces its text comes in',
    async (recorded) => {
      const { args, input, records } = recorded
      for (const chunkBytes of [1, 7, 2048]) {
        const run = await sendmail(args, { input, chunkBytes })
        expect(run.records?.toString('hex')).toBe(records)
      }
    },
  )

  it.each(TRANSCRIPT.filter(({ stderr }) => !stderr[0]?.startsWith('postqueue')))(
    'F-90, F-91: $args as recorded',
    async (recorded) => {
      const { user, args, input, fullName, maySubmit = true } = recorded
      const id = user === 'root' ? 0 : 65534
      const account = { id, name: user, fullName: fullName ?? user }
      const run = await sendmail(args, { input, system: { user: account, maySubmit } })
      expect(run.stderr).toEqual(recorded.stderr)
      expect(run.stdout).toEqual(recorded.stdout)
      expect(run.status).toBe(recorded.exit)
      expect(run.records && (await shown(run.records))).toEqual(recorded.records ?? undefined)
    },
  )

  it.each([
    [['-bp'], ['-p']],
    [['-q'], ['-f']],
    [['-qI4A'], ['-i', '4A']],
    [['-qRexample.com'], ['-s', 'example.com']],
    [
      ['-qRa', '-qIb'],
      ['-s', 'a'],
    ],
  ])('F-90: %j has postqueue do it', async (args, expected) => {
    const run = await sendmail(args)
    expect(run.postqueue).toEqual(expected)
    expect(run.status).toBe(69)
  })

  it.each([
    [['-bi'], { map: undefined, directory: undefined }],
    [['-I', '-oAhash:/a', '-C', '/etc/other'], { map: 'hash:/a', directory: '/etc/other' }],
  ])('F-90: %j has postalias do it', async (args, expected) => {
    const run = await sendmail(args)
    expect(run.postalias).toEqual(expected)
    expect(run.status).toBe(3)
  })

  it('F-90: -bd starts the mail system of -C, of which main.cf may be named', async () => {
    expect((await sendmail(['-C', '/etc/other/main.cf', '-bd'])).started).toBe('/etc/other')
  })

  it.each([
    [['-qX'], '-qX is not implemented'],
    [['-q'], undefined],
  ])('F-90: %j', async (args, fatal) => {
    const { stderr } = await sendmail(args)
    expect(stderr).toEqual(fatal === undefined ? [] : [`sendmail: fatal: ${fatal}`])
  })

  it('F-92: says why a message was refused, and to whom', async () => {
    const reply = { kind: 'refused', reason: 'message file too big' } as const
    const run = await sendmail(['-f', 'u@x.example', 'a@hold.example'], { reply })
    expect(run.stderr).toEqual(['sendmail: fatal: u@x.example(0): message file too big'])
    expect(run.status).toBe(75)
  })

  it('F-92: an account without a name has to name the sender', async () => {
    const system = { user: { id: 7, name: undefined, fullName: undefined } }
    const run = await sendmail(['a@hold.example'], { system })
    expect(run.stderr[0]).toContain('no account of user id 7')
    const named = await sendmail(['-f', 'u@x.example', 'a@hold.example'], { system })
    expect((await shown(named.records!))[1]).toEqual(['S', 'u@x.example']) // No full name.
  })

  it.each([
    [['requiretls=yes'], 32],
    [['smtputf8=YES', 'RequireTLS=yes'], 33],
    [['requiretls=yes', 'requiretls=no'], 0],
    [['DeliveryMode=b', 'QueueDirectory'], 0],
  ])('F-91: -O %j asks for send options %i', async (options, bits) => {
    const args = options.flatMap((option) => ['-O', option])
    const run = await sendmail([...args, 'a@hold.example'])
    const size = (await shown(run.records!)).filter(([type]) => type === 'C')
    const unknown = '-1'.padStart(15)
    const text = [unknown, unknown, unknown, unknown, unknown, String(bits).padStart(15)].join(' ')
    expect(size).toEqual(bits === 0 ? [] : [['C', text]])
  })

  it('F-91: -O says yes or no', async () => {
    const { stderr } = await sendmail(['-O', 'requiretls=maybe', 'a@hold.example'])
    expect(stderr).toEqual(['sendmail: fatal: -O requiretls needs yes or no'])
  })

  it.each([
    ['always', 'a\r\nb\nc\r\r\n', ['a', 'b', 'c']],
    ['strict', 'a\r\nb\nc\r\n', ['a', 'b', 'c']],
    ['strict', 'a\nb\r\n', ['a', 'b\r']],
    ['never', 'a\r\nb\n', ['a\r', 'b']],
  ] as const)('F-92: sendmail_fix_line_endings = %s', async (fixLineEndings, input, lines) => {
    const run = await sendmail(['x'], { input, system: { fixLineEndings } })
    expect(textOf(await shown(run.records!))).toEqual(lines.map((line) => ['N', line]))
  })

  it('F-44: a line of exactly line_length_limit bytes is continued by an empty one', async () => {
    const run = await sendmail(['x'], { input: 'abcdefgh\nabc', system: { lineLengthLimit: 4 } })
    expect(textOf(await shown(run.records!))).toEqual([
      ['L', 'abcd'],
      ['L', 'efgh'],
      ['N', ''],
      ['L', 'abc'],
    ])
  })

  it('F-92: a dot that ends a cut line does not end the message', async () => {
    const run = await sendmail(['x'], { input: 'abcd.\nend\n', system: { lineLengthLimit: 4 } })
    expect(textOf(await shown(run.records!)).map(([, text]) => text)).toEqual(['abcd', '.', 'end'])
  })

  it('F-91: -t reads no more of a header than header_size_limit', async () => {
    const input = 'To: a@x.example,\n b@x.example\n\n'
    const run = await sendmail(['-t'], { input, system: { headerSizeLimit: 16 } })
    expect(recipientsOf(await shown(run.records!))).toEqual(['a@x.example'])
  })

  it('F-91: -t takes folded and cut headers whole, and nothing of the body', async () => {
    const input = 'Cc: "q q"@x.example\n (c)\nX: y\nBcc : b@x.example\n\nTo: c@x.example\n'
    const run = await sendmail(['-t'], { input, system: { lineLengthLimit: 9 } })
    expect(recipientsOf(await shown(run.records!))).toEqual(['q q@x.example', 'b@x.example'])
  })

  it('F-92: bytes that are no UTF-8 stay as they are', async () => {
    const input = Buffer.from('To: \xe9@x.example\n\n\xff\0\n', 'latin1')
    const run = await sendmail(['-t'], { input })
    expect(run.records!.includes(Buffer.from('\xff\0', 'latin1'))).toBe(true)
    expect(run.records!.includes(Buffer.from('R\x0b\xe9@x.example', 'latin1'))).toBe(true)
  })
})

async function sendmail(args: readonly string[], given: Given = {}) {
  const { input = 'Subject: x\n\nbody\n', chunkBytes = 65_536, system = {} } = given
  const out: Buffer[] = []
  const err: Buffer[] = []
  let records: Buffer | undefined
  let postqueue: readonly string[] | undefined
  let postalias: object | undefined
  let started: string | undefined
  const status = await runSendmail(args, {
    input: chunks(Buffer.from(input as string), chunkBytes),
    stdout: (bytes) => out.push(Buffer.from(bytes)),
    stderr: (bytes) => err.push(Buffer.from(bytes)),
    open: (directory) => {
      if (directory === '/nonexistent') {
        throw new Error('open /nonexistent/main.cf: No such file or directory')
      }
      return {
        ...SYSTEM,
        ...system,
        submit: async (stream) => {
          const pieces: Uint8Array[] = []
          for await (const piece of stream) pieces.push(Buffer.from(piece))
          records = Buffer.concat(pieces)
          return given.reply ?? { kind: 'stored' }
        },
      }
    },
    postqueue: async (given) => {
      postqueue = given
      return 69
    },
    start: async (directory) => {
      started = directory
    },
    postalias: async (map, directory) => {
      postalias = { map, directory }
      return 3
    },
  })
  return {
    status,
    stdout: linesOf(out),
    stderr: linesOf(err),
    records,
    postqueue,
    postalias,
    started,
  }
}

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function linesOf(pieces: readonly Buffer[]): string[] {
  return Buffer.concat(pieces).toString().split('\n').slice(0, -1)
}

async function shown(records: Buffer): Promise<[type: string, text: string][]> {
  const read = async (at: number, length: number) => records.subarray(at, at + length)
  const reader = new RecordReader(read, records.length)
  const found: [string, string][] = []
  for (let record = await reader.read(); record; record = await reader.read()) {
    found.push([String.fromCharCode(record.type), record.data.toString()])
  }
  return found
}

function textOf(records: readonly [type: string, text: string][]) {
  const from = records.findIndex(([type]) => type === 'M')
  return records.slice(
    from + 1,
    records.findIndex(([type]) => type === 'X'),
  )
}

function recipientsOf(records: readonly [type: string, text: string][]): string[] {
  return records.flatMap(([type, text]) => (type === 'R' ? [text] : []))
}

function vectors<Vector>(name: string): Vector[] {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))
}
