import { describe, expect, it } from 'vitest'

import { type ComparedSystem, compare } from '../harness/compared-systems.ts'
import { peersInstalled } from '../harness/peers.ts'
import { type RecordedMessage, RecordingSink } from '../harness/recording-sink.ts'
import { ScriptedServer, type ScriptStep } from '../harness/scripted-server.ts'

const GREETING = ['send', '220 mx.test ESMTP'] as const
const PLAIN = ['send', '250-mx.test', '250 DSN'] as const
const GROUPS = ['send', '250-mx.test', '250-PIPELINING', '250 SIZE 10240000'] as const
const OK = ['send', '250 2.0.0 ok'] as const
const say = (...lines: string[]): ScriptStep => ['send', ...lines]
const hear = (command: string): ScriptStep => ['expect', command]

interface Case {
  readonly title: string
  readonly script: readonly ScriptStep[]
  readonly recipients?: number
  readonly sender?: string
  /** A line of master.cf has its own options. */
  readonly options?: string
  readonly notices: number
}

const REPLACEMENTS = [
  '{/^250-mx.*/ $$0}',
  `{/^550 (.*)/ 501-5.5.4 $$1 ${'word '.repeat(30)}}`,
  '{/^551/ 501 x y}',
].join(' ')

/** Up to the reply to MAIL. */
const refusedSender = (...reply: string[]): ScriptStep[] => [
  ...[GREETING, hear('EHLO'), PLAIN, hear('MAIL'), say(...reply)],
  ...[hear('RSET'), OK, hear('QUIT')],
]

// Those without a notice come first, with recipients that are refused for good.
const CASES: readonly Case[] = [
  { title: 'nothing is out of order', script: refusedSender('550 5.1.1 no'), notices: 0 },
  {
    title: 'the message is a notification',
    ...{ sender: '', script: refusedSender('501 5.5.4 what'), notices: 0 },
  },
  {
    title: 'the message is for the postmaster',
    ...{ sender: 'double-bounce@mx.example.com', script: refusedSender('501 what'), notices: 0 },
  },
  {
    title: 'the service has classes of its own',
    ...{ options: '-o notify_classes=data', script: refusedSender('501 what'), notices: 0 },
  },
  { title: 'MAIL is not understood', script: refusedSender('501 5.5.4 what'), notices: 1 },
  {
    title: 'lines are long, or not printable',
    script: refusedSender(
      ...[`501-${'word '.repeat(40)}`, `501-${'x'.repeat(200)}`],
      ...['501-a\ttab \x01\x02 and é', '501 and so on'],
    ),
    notices: 1,
  },
  {
    title: 'addresses are written the other way',
    ...{ options: '-o header_from_format=obsolete', script: refusedSender('501 no'), notices: 1 },
  },
  {
    title: 'two of three recipients are not understood',
    recipients: 3,
    script: [
      ...[GREETING, hear('EHLO'), GROUPS, hear('MAIL'), OK],
      ...[hear('RCPT'), say('501 a'), hear('RCPT'), OK, hear('RCPT'), say('555 c')],
      ...[hear('DATA'), say('354 go'), ['expect-message'], OK, hear('QUIT')],
    ],
    notices: 1,
  },
  {
    title: 'DATA is answered with success',
    script: [
      ...[GREETING, hear('EHLO'), GROUPS, hear('MAIL'), OK, hear('RCPT'), OK],
      ...[hear('DATA'), OK, hear('RSET'), OK, hear('QUIT')],
    ],
    notices: 1,
  },
  { title: 'the greeting is none', script: [say('354 what'), hear('QUIT')], notices: 1 },
  {
    title: 'HELO is not understood',
    script: [GREETING, hear('EHLO'), say('502 a'), hear('HELO'), say('501 b'), hear('QUIT')],
    notices: 1,
  },
  {
    title: 'a line is no reply, and the server goes',
    script: [GREETING, hear('EHLO'), say('', 'what?', '250 mx'), hear('MAIL'), ['close']],
    notices: 1,
  },
  {
    title: 'a filter makes it so',
    options: `-o {smtp_reply_filter=regexp:{${REPLACEMENTS}}}`,
    script: refusedSender('550-5.1.1 no', '550 5.1.1 really not', '551 no'),
    notices: 1,
  },
  {
    title: 'a filter cannot tell',
    options: '-o {smtp_reply_filter=pipemap:{regexp:{{/^250 2.0.0/ x}},fail:y}}',
    script: [GREETING, hear('EHLO'), PLAIN, hear('MAIL'), OK, ['wait-close']],
    notices: 1,
  },
  {
    title: 'a table cannot be read',
    options: '-o smtp_header_checks=fail:always',
    script: [
      ...[GREETING, hear('EHLO'), GROUPS, hear('MAIL'), OK, hear('RCPT'), OK],
      ...[hear('DATA'), say('354 go'), ['wait-close']],
    ],
    notices: 1,
  },
]

/** What the postmaster is told: envelope, header, and what was said. Our words are our own. */
function shown({ mail, recipients, data }: RecordedMessage): readonly string[] {
  const text = data.toString('utf8')
  const [header = ''] = text.split('\r\n\r\n')
  const fields = header
    .split(/\r\n(?![ \t])/)
    .map((line) => line.replace(/^(Received|Date|Message-Id):.*/s, '$1:'))
  const said = text.split('\r\n').filter((line) => line.startsWith(' '))
  const lines = [mail, recipients.join(), ...fields, ...said]
  return lines.map((line) => line.replace(/ SIZE=\d+/, ' SIZE=N'))
}

function linesOf(system: ComparedSystem, pattern: RegExp): string[] {
  return system
    .logText()
    .split('\n')
    .filter((line) => pattern.test(line))
}

describe.skipIf(!peersInstalled('postfix'))(
  'notices about sessions, beside those of Postfix',
  () => {
    it('F-81, C-110, C-111: who is told, and what was said', async () => {
      const sink = await RecordingSink.listen()
      const servers = await Promise.all(
        CASES.map(({ script }) => ScriptedServer.listen([script, script])),
      )
      const routes = servers.map(({ port }, at) => `c${at}.test=c${at}:[127.0.0.1]:${port}`)
      for (const domain of ['example.org', 'sink.test']) {
        routes.push(`${domain}=smtp:[127.0.0.1]:${sink.port}`)
      }
      const parameters = {
        notify_classes: 'bounce, delay, policy, protocol, resource, software, data, 2bounce',
        ...{ error_notice_recipient: 'pm@sink.test', bounce_notice_recipient: 'other@sink.test' },
        '2bounce_notice_recipient': 'other@sink.test',
        transport_maps: `inline:{ ${routes.join(', ')} }`,
      }
      const services = CASES.map(
        ({ options = '' }, at) => `c${at} unix - - n - - smtp ${options}\n`,
      ).join('')
      const tell = async (system: ComparedSystem) => {
        const told: (readonly string[])[][] = []
        for (const [at, { title, recipients = 1, sender, notices }] of CASES.entries()) {
          const before = sink.messages.length
          const names = Array.from({ length: recipients }, (_, one) => `r${one}@c${at}.test`)
          const { text } = await system.submit(names, sender)
          const id = /queued as (\w+)/.exec(text)?.[1]
          const notes = () =>
            sink.messages
              .slice(before)
              .filter((one) => one.recipients.some((line) => line.includes('<pm@')))
          const isDone = () =>
            notices > 0
              ? notes().length >= notices
              : linesOf(system, new RegExp(` ${id}: removed`)).length > 0
          await expect
            .poll(isDone, { timeout: 10_000, message: `${system.name}: ${title}` })
            .toBe(true)
          told.push(notes().map(shown))
        }
        return told
      }
      try {
        const configuration = { parameters, services, manager: 'qmgr', processLimit: 5 } as const
        const { ours, theirs } = await compare(configuration, tell)
        for (const [at, { title, notices }] of CASES.entries()) {
          expect(ours[at], title).toEqual(theirs[at])
          expect(ours[at]?.length, title).toBe(notices)
        }
      } finally {
        for (const server of servers) server.close()
        await sink.close()
      }
    }, 120_000)
  },
)
