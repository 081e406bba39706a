import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { writeConfiguration } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'
import { Scene } from '../harness/scene.ts'
import { runWith, type Submitted, sendmail } from '../harness/submitting.ts'

const LETTER =
  'From: u@x.example\nTo: a@x.example, "B, C" <b@x.example>\nCc: Group: c@x.example, d;\nSubject: x\n\nbody\n'
const ENVIRONMENT = { NAME: 'Env Name' }
// Nothing runs there; it finds the message later.
const NO_PICKUP = 'postdrop: warning: unable to look up public/pickup: No such file or directory\n'

const NOBODY = { uid: 65534, gid: 65534, env: ENVIRONMENT }
const FOR_POSTFIX = {
  mail_owner: 'postfix',
  command_directory: '/usr/sbin',
  local_recipient_maps: '', // Else smtpd waits for a proxymap.
  smtpd_error_sleep_time: '0',
}

// Where Postfix and this differ, or might: addresses in odd forms, ends of text, long lines.
const CASES: readonly (readonly [args: readonly string[], input: string | Buffer])[] = [
  [['-t'], LETTER],
  [['-t', 'more@x.example'], LETTER],
  [['-t', '-N', 'failure,delay', '-R', 'full', '-V', 'id 7'], LETTER],
  [['-t'], 'Resent-Bcc: r@x.example\nTo: a@x.example\n\n'],
  [['-t'], 'to: lower@x.example\nTO:upper@x.example\nToo: no@x.example\n\nTo: body@x.example\n'],
  [['-t'], 'X: y\nno header here\nTo: late@x.example\n\n'],
  [['-t'], `To: ${'long@x.example, '.repeat(300)}end@x.example\n\nbody\n`],
  [
    ['-f', '"q q"@x.example', '"a\\"b"@x.example', '<>', 'c (comment)', '@r1,@r2:d@x.example'],
    LETTER,
  ],
  [['-f', 'one two', 'a b,c;d'], LETTER],
  [['-f', 'Group: a@x.example;', 'Group: b@x.example, c@x.example;'], LETTER],
  [['-F', 'Ünï "Code" <x>', 'a@x.example'], LETTER],
  [['a@x.example'], '\n\nFrom \nbody\n'],
  [['a@x.example'], `From ${'x'.repeat(3000)}\nSubject: x\n\n`],
  [['a@x.example'], `${'y'.repeat(2047)}\n${'y'.repeat(2048)}\n${'y'.repeat(4096)}\n.\nrest`],
  [['a@x.example'], `${'z'.repeat(2048)}.\n${'z'.repeat(2048)}\n.`],
  [['a@x.example'], 'a\r\r\n\r\nb\r'],
  [['a@x.example'], Buffer.from('Subject: \xe9\0x\n\n\xff\r\n.\r\nrest', 'latin1')],
  [['-G', '-B', '7BIT', '-i', '-oi', '-XV-=', '-f', 'l@x.example', 'a@x.example'], '.\nb\n'],
  [['-v', '-f', 'u@x.example', 'a@x.example'], LETTER],
  [['-bv', '-f', 'u@x.example', 'A <a@x.example>,b@x.example', 'c@x.example'], LETTER],
  [['-bv', '-f', '', 'a@x.example'], LETTER],
  [['-O', 'x=y', '-om', '-em', '-h', '3', '-Lt', '-p', 'p', '-U', 'a@x.example'], LETTER],
  [['-V', 'ab', 'a@x.example'], LETTER],
  [['-Vab', 'a@x.example'], LETTER],
  [['-N', 'SUCCESS,Failure', '-R', 'HDRS', 'a@x.example', 'b@x.example'], LETTER],
  [['-N', '', 'a@x.example'], LETTER],
  [['-V', '\t', 'a@x.example'], LETTER],
  [['-f', 'u@x.example'], LETTER],
  [['-q', 'a@x.example'], ''],
  [['-bd', 'x'], ''],
  [['-qX'], ''],
  [['-f'], ''],
]

// Dialogues of `-bs`. Postfix offers a few things more.
const MORE_OF_POSTFIX = /^250-(?:ETRN|XVERP)\r\n|^250 CHUNKING\r\n/gm
const DIALOGUES: readonly (readonly string[])[] = [
  [...'MAIL FROM:<u@x.example>|HELO|EHLO|HELO c.example|HELO d e|EHLO c.example'.split('|')],
  ['MAIL', 'MAIL FROM', 'MAIL FROM: <u@x.example>', 'MAIL FROM:<>', 'RSET x', 'RSET', 'noop x'],
  ['MAIL FROM:<u@x.example> SIZE=99999999', 'MAIL FROM:<u@x.example> SIZE=a', 'QUIT x', 'NOOP'],
  ['MAIL FROM:<u@x.example> BODY=x', 'MAIL FROM:<a@b> RET=foo', 'MAIL FROM:<a b@c>', 'FOO', ''],
  ['RCPT TO:<a@b>', 'DATA', 'MAIL FROM:<a@b> X=y', 'MAIL FROM:<a@b> X', 'MAIL FROM:<a@b> AUTH=<>'],
  ['MAIL FROM:<>', 'RCPT', 'RCPT TO', 'RCPT TO:', 'RCPT TO:<>', 'RCPT TO:<a@b> X=y', 'DATA'],
  ['MAIL FROM:<>', 'RCPT TO:<a@b> NOTIFY=x', 'RCPT TO:<a@b> ORCPT=x', 'RCPT TO:<a@b>', 'DATA x'],
  [
    'VRFY',
    'VRFY a@x.example',
    'EXPN a',
    'HELP',
    'AUTH PLAIN',
    'STARTTLS',
    `NOOP ${'x'.repeat(9999)}`,
  ],
  Array.from({ length: 25 }, () => 'FOO'),
  ['EHLO c', 'MAIL FROM:<u@x>', 'RCPT TO:<a@b>', 'DATA', 'Subject: x', '', '..', '...', '.x', '.'],
  [
    'MAIL FROM:<@r:u@x> BODY=8bitmime',
    'RCPT TO:<"q q"@x>',
    'RCPT TO:a@b',
    'DATA',
    ' y',
    '.',
    'QUIT',
  ],
  ['MAIL FROM:<>', 'RCPT TO:<a@b> NOTIFY=failure,delay ORCPT=rfc822;a+2Bb', 'DATA', '.'],
  ['MAIL FROM:<u> SMTPUTF8', 'RCPT TO:<\xc3\xa9@b>', 'DATA', `a${'b'.repeat(5000)}`, '.'],
  ['MAIL FROM:<>', 'RCPT TO:<a@b>', 'DATA', ...Array(200_000).fill('x'.repeat(70)), '.', 'NOOP'],
  ['MAIL FROM:<>', 'RCPT TO:<a@b>', 'DATA', 'no end'],
]

const isRoot = process.getuid?.() === 0
const hasPostfix = isRoot && peersInstalled('postfix', 'sendmail', 'postdrop')

describe.skipIf(!hasPostfix)('sendmail beside that of Postfix', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'sendmail-peers-'))
    chmodSync(directory, 0o755) // Its programs run as another user.
    writeConfiguration(directory, { port: 1, parameters: FOR_POSTFIX })
    mkdirSync(join(directory, 'queue/maildrop'), { recursive: true })
    mkdirSync(join(directory, 'queue/public'))
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  it.each(CASES)('F-91, F-92: %j gives the same file and says the same', async (args, input) => {
    const theirs = await postfixSendmail(directory, args, input)
    const stderr = theirs.stderr.replace(NO_PICKUP, '')
    const expected = { ...theirs, stderr, files: taken(directory) }
    const ours = await sendmail(directory, args, input, { env: ENVIRONMENT })
    expect({ ...ours, files: taken(directory) }).toEqual(expected)
  })

  it.each(DIALOGUES.map((lines) => [lines.slice(0, 10).join(' | '), lines] as const))(
    'F-93: -bs answers the same, and makes the same file: %s',
    async (_, lines) => {
      const input = Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1')
      const theirs = await postfixSendmail(directory, ['-bs'], input)
      const stdout = masked(theirs.stdout.replace(MORE_OF_POSTFIX, ''))
      const expected = { stdout, status: theirs.status, files: taken(directory).map(masked) }
      const ours = await sendmail(directory, ['-bs'], input)
      const actual = masked(ours.stdout.replace('250 SMTPUTF8', '250-SMTPUTF8'))
      const files = taken(directory).map(masked)
      expect({ stdout: actual, status: ours.status, files }).toEqual(expected)
    },
  )
})

/** Without queue ids, and dates, of which the length may differ. */
function masked(text: string): string {
  return text
    .replace(/(as|id) [0-9A-F]{10,}/g, '$1 ID')
    .replace(/N.(\t(?:for <.*>; )?)\w{3}, [ \d]\d \w{3} \d{4} \S+ \S+ \(\w+\)/gs, '$1DATE')
}

describe.skipIf(!hasPostfix)('posthouse and Postfix take mail of each other', () => {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

  it("F-57: Postfix's sendmail hands in to posthouse", async () => {
    const scene = await openScene()
    const run = await postfixSendmail(scene.directory, ['-t'], 'To: a@x.example\n\nhello\n')
    expect(run).toMatchObject({ status: 0, stderr: '' })
    await expect.poll(() => scene.arrivals.length).toBe(1)
    expect(scene.arrivals[0]!.content.toString()).toContain('\n\nhello\n')
  })

  it("F-57: for a user who may not write to maildrop, Postfix's postdrop decides", async () => {
    const scene = await openScene()
    const run = await sendmail(scene.directory, ['a@x.example'], 'x\n', NOBODY)
    // It takes configuration directories only that the one of the system names.
    expect(run.stderr).toMatch(/^postdrop: (?:error|fatal): /)
    expect(run.stderr).toMatch(/sendmail: fatal: nobody\(\d+\): queue file write error\n$/)
    expect(run.status).toBe(75)
  })

  it.each([
    ['0', '', ''],
    ['512', 'not yours', 'sendmail: fatal: nobody(65534): not yours\n'],
  ])('F-57: such a user is told what a postdrop says: %s', async (status, reason, stderr) => {
    const scene = await openScene({ command_directory: '$config_directory' })
    const command = join(scene.directory, 'conf/postdrop')
    const received = join(open777(), 'received')
    const ends = '\\000\\000'
    const replies = `queue_id\\000A${ends}status\\000${status}\\000reason\\000${reason}${ends}`
    writeFileSync(command, `#!/bin/sh\ncat > ${received}\nprintf '${replies}'\n`, { mode: 0o755 })
    const run = await sendmail(scene.directory, ['a@x.example'], 'hello\n', NOBODY)
    expect(run).toEqual({ status: status === '0' ? 0 : 75, stdout: '', stderr })
    expect(readFileSync(received, 'latin1')).toMatch(/S\x06nobody.*N\x05hello.*E\0$/s)
  })

  it('F-57: posthouse sendmail hands in to Postfix', async () => {
    const postfix = await QueueingPostfix.start(
      { myhostname: 'mail.example.com' },
      'pickup unix n - n 60 1 pickup\n',
    )
    closing.push(() => postfix.stop())
    const run = await sendmail(postfix.directory, ['-f', 'u@x.example', 'a@x.example'], 'hello\n')
    expect(run).toMatchObject({ status: 0, stderr: '' })
    await expect
      .poll(() => postfix.logText())
      .toMatch(/pickup\[\d+\]: \w+: uid=0 from=<u@x.example>/)
    await expect.poll(() => filesIn(join(postfix.directory, 'queue/incoming'))).toHaveLength(1)
    expect(filesIn(join(postfix.directory, 'queue/maildrop'))).toEqual([])
  })

  async function openScene(parameters: Readonly<Record<string, string>> = {}): Promise<Scene> {
    const queue = join(open777(), 'queue')
    const scene = await Scene.open({
      parameters: { ...FOR_POSTFIX, queue_directory: queue, ...parameters },
    })
    closing.push(() => scene.close())
    chmodSync(scene.directory, 0o755)
    return scene
  }

  /** A directory for other users. */
  function open777(): string {
    const directory = mkdtempSync(join(tmpdir(), 'sendmail-peers-'))
    closing.push(async () => rmSync(directory, { recursive: true }))
    chmodSync(directory, 0o777)
    return directory
  }
})

function postfixSendmail(
  directory: string,
  args: readonly string[],
  input: string | Buffer,
): Promise<Submitted> {
  const env = { ...ENVIRONMENT, MAIL_CONFIG: join(directory, 'conf') }
  return runWith(input, '/usr/sbin/sendmail', args, { env })
}

/** Records of what is in the maildrop, but for the time; the files are taken away. */
function taken(directory: string): string[] {
  const maildrop = join(directory, 'queue/maildrop')
  return filesIn(maildrop).map((name) => {
    const path = join(maildrop, name)
    const bytes = readFileSync(path)
    const { mode } = statSync(path)
    rmSync(path)
    return `${(mode & 0o777).toString(8)} ${bytes.subarray(2 + bytes[1]!).toString('latin1')}`
  })
}

function filesIn(directory: string): string[] {
  return readdirSync(directory).sort()
}
