import { VirtualClock } from '@posthouse/clock'
import type { DeliveryOutcome } from '@posthouse/delivery-status'
import { memoryLogger } from '@posthouse/mail-log'
import type { MailServer } from '@posthouse/mx-lookup'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnyServer, type Pieces, type Script, WHOLE } from '../test/any-server.ts'
import { options as defaults } from '../test/options.ts'
import {
  type SessionCache,
  SmtpClient,
  type SmtpClientOptions,
  type SmtpReport,
  type SmtpSession,
} from './index.ts'

const SERVER: MailServer = {
  name: 'mx.test',
  address: '192.0.2.1',
  family: 4,
  port: 2525,
  preference: 0,
}
// So that what does not fit is short enough to be read in a failure.
const LINE_LIMIT = 200
/** Longer than any limit or delay here. */
const END_MS = 10_000_000
const KINDS = { '2': 'sent', '4': 'deferred', '5': 'bounced' } as const

type Kind = DeliveryOutcome['kind']

interface Course {
  readonly reports: readonly SmtpReport[]
  readonly lines: readonly string[]
  readonly servers: readonly AnyServer[]
  /** When the last delivery ended. */
  readonly endMs: number
}

interface Plan {
  readonly script: Script
  readonly pieces: Pieces
  readonly recipients: number
  /** One after the other; more than one may share a session. */
  readonly messages?: number
  readonly options?: Partial<SmtpClientOptions>
}

/** Delivers to a server that follows the script in each connection. */
async function deliver(plan: Plan): Promise<Course> {
  const { script, pieces, recipients, messages = 1, options = {} } = plan
  const clock = new VirtualClock()
  const { logger: log, lines } = memoryLogger()
  const servers: AnyServer[] = []
  const connect = () => {
    const server = new AnyServer(clock, script, pieces)
    servers.push(server)
    return server.socket
  }
  const lookup = () => ({ kind: 'found', servers: [SERVER], last: false }) as const
  const cache = messages > 1 ? oneSession() : undefined
  const client = new SmtpClient(
    { ...defaults, replyLineLimit: LINE_LIMIT, ...options },
    { lookup, cache, clock, log, connect },
  )
  const reports: SmtpReport[] = []
  const all = async () => {
    for (let at = 0; at < messages; at++) {
      reports.push(await client.deliver(delivery(recipients)))
    }
    return clock.now()
  }
  const never = clock.run(END_MS).then((): never => {
    throw new Error(`${reports.length} of ${messages} deliveries have an end`)
  })
  const endMs = await Promise.race([all(), never])
  return { reports, lines, servers, endMs }
}

function delivery(recipients: number) {
  return {
    queueId: 'QID',
    nexthop: 'b.test',
    sender: 's@a.test',
    recipients: Array.from({ length: recipients }, (_, at) => ({ address: `r${at}@b.test` })),
    contentSize: 20,
    encoding: '7bit' as const,
    sendOptions: 0,
    content: () => [Buffer.from('Hi: x\n\n.\nhello\n')],
    reuse: { load: true, store: true },
  }
}

function oneSession(): SessionCache {
  const kept: SmtpSession[] = []
  return { store: (_, session) => void kept.push(session), take: () => kept.pop() }
}

/**
 * What is to become of the recipients, read from what the server said by the rules alone: each
 * complete reply answers the next command (C-83), and decides as C-45, C-53 and C-85 have it.
 */
function expected(said: Buffer, recipients: number): Kind[] {
  const codes = finalCodes(said)[Symbol.iterator]()
  const next = (): string => codes.next().value ?? ''
  const all = (kind: Kind): Kind[] => Array.from({ length: recipients }, () => kind)
  const greeting = next()
  if (!greeting.startsWith('2'))
    return all(greeting.startsWith('5') ? 'deferred' : verdict(greeting))
  const ehlo = next()
  if (ehlo === '421' || ehlo === '') return all('deferred')
  const hello = ehlo.startsWith('2') ? ehlo : next()
  if (!hello.startsWith('2')) return all(verdict(hello))
  const mail = next()
  if (!mail.startsWith('2')) return all(verdict(mail))
  const rcpts = Array.from({ length: recipients }, next)
  const data = next()
  const dot = next()
  return rcpts.map((rcpt) => {
    if (!rcpt.startsWith('2')) return verdict(rcpt)
    if (!data.startsWith('3')) return verdict(data)
    return dot.startsWith('2') ? 'sent' : verdict(dot)
  })
}

/** Of what is no yes. No reply at all is the end of the session. */
function verdict(code: string): Kind {
  return code === '' || code.startsWith('4') ? 'deferred' : 'bounced'
}

/** The codes of complete replies, until the session is given up for the length of a line (C-39). */
function finalCodes(said: Buffer): string[] {
  const codes: string[] = []
  for (const text of said.toString('latin1').split('\n').slice(0, -1)) {
    if (text.length > 2 * LINE_LIMIT) break
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    const [, code] = /^(\d{3})(?: |$)/.exec(line.slice(0, LINE_LIMIT)) ?? []
    if (code !== undefined) codes.push(code)
  }
  return codes
}

const word = fc.constantFrom(
  'ok',
  '2.1.0 fine',
  '4.2.2 later',
  '5.1.1 no',
  '2.1',
  '5.7.1 \xe9\0\t\xc3\xa9',
  '',
)
const length = fc.oneof(
  fc.integer({ min: LINE_LIMIT - 8, max: LINE_LIMIT + 8 }),
  fc.integer({ min: 2 * LINE_LIMIT - 8, max: 2 * LINE_LIMIT + 8 }),
  fc.constant(1000),
)
const text = fc.oneof(
  { weight: 9, arbitrary: word },
  length.map((size) => 'x'.repeat(size)),
)
const code = fc.constantFrom('250', '251', '354', '421', '450', '452', '550', '555', '120', '999')
const lineEnd = fc.constantFrom('\r\n', '\r\n', '\n')
const middle = fc.tuple(code, text, lineEnd).map(([first, rest, end]) => `${first}-${rest}${end}`)
const last = fc.tuple(code, text, lineEnd).map(([first, rest, end]) => `${first} ${rest}${end}`)
const reply = fc
  .tuple(fc.array(middle, { maxLength: 3 }), last)
  .map((parts) => parts.flat().join(''))
const garbage = fc.constantFrom(
  'hello\r\n',
  '2500 x\r\n',
  '25\r\n',
  '\r\n',
  '\n',
  '\0\xff\n',
  '220\tx\r\n',
)
const odd = fc.oneof(
  { weight: 6, arbitrary: reply },
  garbage,
  middle, // To be continued by the next one.
  fc.tuple(garbage, reply).map((parts) => parts.join('')),
  fc.tuple(reply, reply).map((parts) => parts.join('')),
  fc.constant(''),
)
const keywords = fc.subarray([
  'PIPELINING',
  'SIZE 100000000',
  'SIZE x',
  '8BITMIME',
  'DSN',
  'SMTPUTF8',
  'ENHANCEDSTATUSCODES',
  'STARTTLS',
  'AUTH PLAIN LOGIN',
  'XFORWARD NAME ADDR',
  'CHUNKING',
  'X-UNKNOWN',
])

function ehloReply(words: readonly string[]): string {
  const lines = ['mx.test', ...words]
  return lines.map((line, at) => `250${at === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('')
}

/** A server that mostly does as it should. */
function script(recipients: number, strange: fc.Arbitrary<string>): fc.Arbitrary<Script> {
  const mostly = (usual: fc.Arbitrary<string> | string) => {
    const arbitrary = typeof usual === 'string' ? fc.constant(usual) : usual
    return fc.oneof({ weight: 8, arbitrary }, { weight: 1, arbitrary: strange })
  }
  const rcpts = Array.from({ length: recipients }, () => mostly('250 2.1.5 ok\r\n'))
  const replies = fc.tuple(
    mostly('220 mx.test ESMTP\r\n'),
    mostly(keywords.map(ehloReply)),
    mostly('250 2.1.0 ok\r\n'),
    ...rcpts,
    mostly('354 go\r\n'),
    mostly('250 2.0.0 queued\r\n'),
    mostly('250 2.0.0 ok\r\n'),
  )

  const end = fc.record({
    octets: fc.integer({ min: 0, max: 400 }),
    how: fc.constantFrom('close' as const, 'silence' as const),
  })
  return fc.record({ replies, end: fc.option(end, { nil: undefined }) })
}

const pieces = (maxDelayMs: number): fc.Arbitrary<Pieces> => {
  const octets = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5000 }))
  const delayMs = fc.integer({ min: 0, max: maxDelayMs })
  return fc.array(fc.record({ octets, delayMs }), { minLength: 1, maxLength: 20 })
}

function scene(strange: fc.Arbitrary<string>, maxDelayMs: number) {
  return fc.integer({ min: 1, max: 5 }).chain((recipients) =>
    fc.record({
      recipients: fc.constant(recipients),
      script: script(recipients, strange),
      pieces: pieces(maxDelayMs),
    }),
  )
}

const kindsOf = ({ outcomes }: SmtpReport): Kind[] => outcomes.map(({ kind }) => kind)

describe('a server that says anything', () => {
  it('C-83, C-85: each recipient has the outcome that its replies make, sent by a yes only', async () => {
    await fc.assert(
      fc.asyncProperty(scene(odd, 0), async ({ script, recipients }) => {
        const { reports, servers } = await deliver({ script, pieces: WHOLE, recipients })
        const { outcomes } = reports[0]!
        expect(kindsOf(reports[0]!)).toEqual(expected(servers[0]!.said, recipients))
        for (const { kind, status } of outcomes) {
          expect(kind).toBe(KINDS[status[0] as keyof typeof KINDS])
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('C-39: outcomes and log do not depend on how its octets arrive', async () => {
    await fc.assert(
      fc.asyncProperty(scene(odd, 100), async ({ script, recipients, pieces }) => {
        const [whole, split] = await Promise.all([
          deliver({ script, pieces: WHOLE, recipients }),
          deliver({ script, pieces, recipients }),
        ])
        expect(plain(split)).toEqual(plain(whole))
      }),
      { numRuns: 1000 },
    )
  })

  it('C-37: with a deadline for each reply it is given up in time, however slow it is', async () => {
    const limitMs = 10_000
    const options = { ...everyLimit(limitMs), minDataRate: 500, skipQuitResponse: false }
    await fc.assert(
      fc.asyncProperty(scene(odd, 2 * limitMs), async ({ script, recipients, pieces }) => {
        const { endMs } = await deliver({ script, pieces, recipients, options })
        // Greeting, EHLO, HELO, MAIL, DATA, end of data, RSET and QUIT beside RCPT.
        expect(endMs).toBeLessThanOrEqual((8 + recipients) * limitMs)
      }),
      { numRuns: 1000 },
    )
  })

  it('C-36: one that falls silent is given up when the time limit has passed', async () => {
    const limitMs = 10_000
    const options = { ...everyLimit(limitMs), connectTimeoutMs: 0 }
    await fc.assert(
      fc.asyncProperty(scene(odd, 0), async ({ script, recipients, pieces }) => {
        const { endMs } = await deliver({ script, pieces, recipients, options })
        expect(endMs).toBeLessThanOrEqual(limitMs)
      }),
      { numRuns: 300 },
    )
  })

  it('C-121: of several messages to it no more are sent than it has said yes to', async () => {
    await fc.assert(
      fc.asyncProperty(scene(reply, 100), async (plan) => {
        const { reports, servers } = await deliver({ ...plan, messages: 4 })
        const kinds = reports.map(kindsOf)
        expect(kinds.map(({ length }) => length)).toEqual([1, 2, 3, 4].map(() => plan.recipients))
        const sent = kinds.filter((all) => all.includes('sent')).length
        // With DATA behind a MAIL or RCPT that was refused, a message without a line was wanted.
        expect(sent).toBeLessThanOrEqual(servers.reduce((sum, { accepted }) => sum + accepted, 0))
      }),
      { numRuns: 500 },
    )
  })
})

/** What does not depend on time. */
function plain({ reports, lines }: Course) {
  const outcomes = reports[0]!.outcomes.map(({ kind, status, text, relay }) => {
    return { kind, status, text, relay }
  })
  return { outcomes, blame: reports[0]!.blame, lines }
}

function everyLimit(limitMs: number): Partial<SmtpClientOptions> {
  const names = Object.keys(defaults).filter((name) => name.endsWith('TimeoutMs'))
  return Object.fromEntries(names.map((name) => [name, limitMs]))
}
