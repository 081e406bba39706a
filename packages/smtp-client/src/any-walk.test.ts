import type { Socket } from 'node:net'

import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import type { MailServer, MxResult } from '@posthouse/mx-lookup'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnyServer, type Pieces, type Script, type ScriptEnd, WHOLE } from '../test/any-server.ts'
import { options as defaults } from '../test/options.ts'
import { saslOptions } from '../test/sasl-settings.ts'
import { tlsDefaults } from '../test/tls-settings.ts'
import { VirtualSocket } from '../test/virtual-socket.ts'
import { SmtpClient, type SmtpClientOptions, type SmtpReport, type TlsOptions } from './index.ts'

/** Of each wait, and of a delivery as a whole. */
const LIMIT_MS = 10_000
const DELIVERY_LIMIT_MS = 60_000
/** Longer than any delivery here. */
const END_MS = 10_000_000
const RECIPIENTS = 2

/** What is at one address. */
interface Host {
  readonly how: 'refuses' | 'is unreachable' | 'talks'
  readonly script: Script
  readonly pieces: Pieces
}

/** Where a message may go, and how. */
interface Scene {
  /** The hosts of each destination, best first; none: its name does not exist. */
  readonly destinations: readonly (readonly Host[])[]
  readonly level: TlsOptions['level']
  readonly logsIn: boolean
  readonly waitsForQuit: boolean
  readonly isOld: boolean
}

interface Course {
  readonly report: SmtpReport
  readonly lines: readonly string[]
  /** Connections that are not closed. */
  readonly open: number
  readonly endMs: number
}

async function deliver(scene: Scene, options: Partial<SmtpClientOptions>): Promise<Course> {
  const clock = new VirtualClock()
  const { logger: log, lines } = memoryLogger()
  const sockets: Socket[] = []
  const connect = (address: string): Socket => {
    const [, destination, host] = address.split('.').map(Number)
    const socket = socketOf(scene.destinations[destination!]![host!]!, clock)
    sockets.push(socket)
    return socket
  }
  const login = { smtp_sasl_auth_enable: 'yes', smtp_sasl_password_maps: 'inline:{mx.test=u:p}' }
  const sasl = scene.logsIn ? saslOptions(login, (text) => text, log) : undefined
  const client = new SmtpClient(
    {
      ...defaults,
      ...timeLimits(),
      tls: { ...tlsDefaults, level: scene.level, starttlsTimeoutMs: LIMIT_MS },
      sasl: sasl && { ...sasl, securityOptions: ['noanonymous'] },
      skipQuitResponse: !scene.waitsForQuit,
      ...options,
    },
    { lookup: ({ host }) => found(scene, host), clock, log, connect },
  )
  const running = client.deliver(delivery(scene)).then(async (report) => {
    await client.close() // Until the last QUIT is answered.
    return { report, endMs: clock.now() }
  })
  const never = clock.run(END_MS).then((): never => {
    throw new Error('the delivery has no end')
  })
  const end = await Promise.race([running, never])
  await new Promise((resolve) => setImmediate(resolve)) // What was written goes out first.
  return { ...end, lines, open: sockets.filter(({ destroyed }) => !destroyed).length }
}

function socketOf({ how, script, pieces }: Host, clock: VirtualClock): Socket {
  if (how === 'talks') return new AnyServer(clock, script, pieces).socket
  const socket = new VirtualSocket(clock, () => undefined, false)
  const refusal = Object.assign(new Error(how), { code: 'ECONNREFUSED', syscall: 'connect' })
  return how === 'refuses' ? socket.destroy(refusal) : socket
}

function found({ destinations }: Scene, name: string): MxResult {
  const at = Number.parseInt(name.slice(1), 10)
  const servers = destinations[at]!.map((_, host): MailServer => {
    return { name: 'mx.test', address: `10.${at}.${host}`, family: 4, port: 2525, preference: host }
  })
  if (servers.length > 0) return { kind: 'found', servers, last: false }
  return { kind: 'failed', status: '5.4.4', text: `Host ${name} not found`, last: false }
}

function delivery({ destinations, isOld }: Scene) {
  return {
    queueId: 'QID',
    nexthop: destinations.map((_, at) => `d${at}.test`).join(' '),
    sender: 's@a.test',
    recipients: Array.from({ length: RECIPIENTS }, (_, at) => ({ address: `r${at}@b.test` })),
    contentSize: 20,
    encoding: '7bit' as const,
    sendOptions: 0,
    content: () => [Buffer.from('Hi: x\n\n.\nhello\n')],
    reuse: { load: false, store: false },
    waitedMs: isOld ? 10 * tlsDefaults.plaintextAfterMs : 0,
  }
}

function timeLimits(): Partial<SmtpClientOptions> {
  const names = Object.keys(defaults).filter((name) => name.endsWith('TimeoutMs'))
  return Object.fromEntries(names.map((name) => [name, LIMIT_MS]))
}

const keywords = fc.subarray(['PIPELINING', 'STARTTLS', 'AUTH LOGIN CRAM-MD5', 'DSN'])
const ehlo = keywords.map((words) => {
  const lines = ['mx.test', ...words]
  return lines.map((line, at) => `250${at === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('')
})
const strange = fc.constantFrom(
  '250 ok\r\n',
  '220 go\r\n',
  '334 VXNlcm5hbWU6\r\n',
  '334 \r\n',
  '235 2.7.0 ok\r\n',
  '354 go\r\n',
  '421 4.3.2 later\r\n',
  '450 4.2.0 later\r\n',
  '535 5.7.8 no\r\n',
  '554 5.7.1 no\r\n',
  '250-one\r\n250 two\r\n',
  'what?\r\n',
  '',
)
const mostly = (arbitrary: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 6, arbitrary }, { weight: 1, arbitrary: strange })
const usual = (...texts: string[]) => texts.map((text) => mostly(fc.constant(`${text}\r\n`)))
const message = usual('250 2.1.0 ok', '250 2.1.5 ok', '250 2.1.5 ok', '354 go', '250 2.0.0 ok')
const replies = fc
  .tuple(
    mostly(fc.constant('220 mx.test ESMTP\r\n')),
    mostly(ehlo),
    fc.array(mostly(fc.constant('220 go\r\n')), { maxLength: 3 }), // To STARTTLS, AUTH.
    fc.tuple(...message),
  )
  .map((parts) => parts.flat())

function host(ends: readonly ScriptEnd[], maxDelayMs: number): fc.Arbitrary<Host> {
  const octets = fc.integer({ min: 0, max: 400 })
  const end = fc.record({ octets, how: fc.constantFrom(...ends) })
  const pieces = fc.record({
    octets: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5000 })),
    delayMs: fc.integer({ min: 0, max: maxDelayMs }),
  })
  const others = fc.constantFrom('refuses' as const, 'is unreachable' as const)
  return fc.record({
    how: fc.oneof({ weight: 6, arbitrary: fc.constant('talks' as const) }, others),
    script: fc.record({ replies, end: fc.option(end, { nil: undefined }) }),
    pieces: fc.array(pieces, { minLength: 1, maxLength: 10 }),
  })
}

function scene(ends: readonly ScriptEnd[], maxDelayMs: number): fc.Arbitrary<Scene> {
  const hosts = fc.array(host(ends, maxDelayMs), { maxLength: 3 })
  return fc.record({
    destinations: fc.array(hosts, { minLength: 1, maxLength: 3 }),
    level: fc.constantFrom('none' as const, 'may' as const, 'encrypt' as const),
    logsIn: fc.boolean(),
    waitsForQuit: fc.boolean(),
    isOld: fc.boolean(),
  })
}

/** The same, but that what servers say arrives in one piece. */
function inOnePiece(scene: Scene): Scene {
  const whole = (host: Host): Host => ({ ...host, pieces: WHOLE })
  return { ...scene, destinations: scene.destinations.map((hosts) => hosts.map(whole)) }
}

/** What does not depend on time. */
function plain({ report, lines }: Course) {
  const outcomes = report.outcomes.map(({ kind, status, text, relay }) => {
    return { kind, status, text, relay }
  })
  return { outcomes, blame: report.blame, lines }
}

const isWhole = ({ report, open }: Course): void => {
  const kinds = report.outcomes.map(({ kind }) => kind)
  expect(kinds).toHaveLength(RECIPIENTS)
  expect(kinds.filter((kind) => !['sent', 'deferred', 'bounced'].includes(kind))).toEqual([])
  expect(open).toBe(0)
}

describe('any servers, one after the other', () => {
  it('C-7, C-39: outcomes and log do not depend on how their octets arrive', async () => {
    await fc.assert(
      fc.asyncProperty(scene(['close', 'silence'], 100), async (scene) => {
        const [whole, split] = [await deliver(inOnePiece(scene), {}), await deliver(scene, {})]
        isWhole(split)
        expect(plain(split)).toEqual(plain(whole))
      }),
      { numRuns: 400 },
    )
  })

  it('C-37: with a deadline for each reply, a delivery ends with the last of them', async () => {
    const options = { minDataRate: 500, mxSessionLimit: 0 }
    await fc.assert(
      fc.asyncProperty(scene(['close', 'silence', 'endless'], 2 * LIMIT_MS), async (scene) => {
        const course = await deliver(scene, options)
        isWhole(course)
        const hosts = scene.destinations.flat().length
        // Twice, where TLS fails: connecting, greeting, EHLO, HELO, STARTTLS, its handshake, up to
        // four steps of AUTH, MAIL, DATA, end of data, RSET and QUIT, beside RCPT.
        expect(course.endMs).toBeLessThanOrEqual(hosts * 2 * (15 + RECIPIENTS) * LIMIT_MS)
      }),
      { numRuns: 400 },
    )
  })

  it('G-89: a delivery ends at its own time limit, whatever they do', async () => {
    const options = { deliveryTimeLimitMs: DELIVERY_LIMIT_MS, mxSessionLimit: 0 }
    await fc.assert(
      fc.asyncProperty(scene(['close', 'silence', 'endless'], 2 * LIMIT_MS), async (scene) => {
        const course = await deliver(scene, options)
        isWhole(course)
        expect(course.endMs).toBeLessThanOrEqual(DELIVERY_LIMIT_MS + LIMIT_MS)
        const warnings = course.lines.filter((line) => /daemon_timeout/.test(line))
        expect(warnings).toHaveLength(course.endMs >= DELIVERY_LIMIT_MS ? 1 : 0)
      }),
      { numRuns: 400 },
    )
  })
})
