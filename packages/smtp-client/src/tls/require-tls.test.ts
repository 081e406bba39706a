import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, describe, expect, it } from 'vitest'

import { OneSession } from '../../test/one-session.ts'
import { options as defaults } from '../../test/options.ts'
import { TlsServer, type TlsServerOptions } from '../../test/tls-server.ts'
import { tlsDefaults } from '../../test/tls-settings.ts'
import {
  type RequireTlsAction,
  type RequireTlsPolicy,
  SmtpClient,
  type SmtpClientOptions,
  type SmtpDelivery,
  type TlsaSource,
  type TlsLevel,
  type TlsOptions,
} from '../index.ts'

const NAME = 'mx.tls.test'
const HOST = `${NAME}[127.0.0.1]`
const REQUESTED = 'Sender requested REQUIRETLS, but'
const REQUIRETLS = 32
const DELIVERY: SmtpDelivery = {
  queueId: 'QUEUEID',
  nexthop: 'a.tls.test',
  sender: 's@example.org',
  recipients: [{ address: 'r@tls.test' }],
  contentSize: 10,
  encoding: '7bit',
  sendOptions: REQUIRETLS,
  returnContent: 'full',
  content: () => [Buffer.from('\nbody\n')],
  reuse: { load: true, store: true },
}

const servers: TlsServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(options?: TlsServerOptions): Promise<TlsServer> {
  const server = await TlsServer.listen(options)
  servers.push(server)
  return server
}

interface Setting {
  readonly policy?: RequireTlsPolicy | undefined
  readonly tls?: Partial<TlsOptions>
  readonly options?: Partial<SmtpClientOptions>
  readonly tlsa?: TlsaSource
}

/** A client whose destinations all have these servers, the first preferred. */
function clientOf(ports: readonly number[], { policy, tls, options, tlsa }: Setting) {
  const { logger: log, lines } = memoryLogger()
  const smtp = new SmtpClient(
    {
      ...defaults,
      requireTls: policy,
      ...options,
      tls: { ...tlsDefaults, logClasses: new Set(), ...tls },
    },
    {
      lookup: () => ({
        kind: 'found',
        servers: ports.map((port, at) => {
          return { name: NAME, address: '127.0.0.1', family: 4, port, preference: 10 + at }
        }),
        last: false,
      }),
      tlsa,
      cache: new OneSession(),
      clock: systemClock,
      log,
    },
  )
  const deliver = async (changes: Partial<SmtpDelivery> = {}) => {
    const { outcomes, blame } = await smtp.deliver({ ...DELIVERY, ...changes })
    const { kind, status, text, tls: feature, connUse } = outcomes[0]!
    return { kind, status, text, tls: feature, connUse, blame }
  }
  return { deliver, lines }
}

function commandsOf({ connections }: TlsServer): string[] {
  return connections.flatMap(({ commands }) => commands)
}

function mailOf(server: TlsServer): string | undefined {
  return commandsOf(server).find((command) => command.startsWith('MAIL'))
}

const OFFERED = ['DSN', 'REQUIRETLS']

describe('mail that asks for REQUIRETLS', () => {
  type Row = [RequireTlsAction, TlsLevel, 'offered' | 'missing', string | undefined, string]
  const disabled = (level: string, what: string) =>
    `5.7.10 ${REQUESTED} my configured TLS security level '${level}' disables ${what}. ` +
    `The last attempted server was ${NAME}`
  const unsupported =
    `5.7.30 ${REQUESTED} no server was found that supports REQUIRETLS. ` +
    `The last attempted server was ${HOST}`
  const MAIL = 'MAIL FROM:<s@example.org>'

  it.each<Row>([
    [
      'enforce',
      'none',
      'offered',
      disabled('none', 'encryption'),
      'none?/!requiretls:noencryption',
    ],
    [
      'enforce',
      'may',
      'offered',
      disabled('may', 'certificate matching'),
      'may?/!requiretls:nocertmatch',
    ],
    [
      'enforce',
      'encrypt',
      'offered',
      disabled('encrypt', 'certificate matching'),
      'encrypt?/!requiretls:nocertmatch',
    ],
    ['enforce', 'verify', 'missing', unsupported, 'verify/!requiretls:none'],
    [
      'opportunistic+starttls',
      'none',
      'offered',
      disabled('none', 'encryption'),
      'none?/!requiretls:noencryption',
    ],
  ])(
    'C-159: %s at the level %s, REQUIRETLS %s: bounces',
    async (action, level, offer, said, tls) => {
      const server = await serve({ keywords: offer === 'offered' ? OFFERED : ['DSN'] })
      const { deliver } = clientOf([server.port], { policy: [action], tls: { level } })
      const { kind, status, text, ...outcome } = await deliver()
      expect([kind, `${status} ${text}`]).toEqual(['bounced', said])
      expect(outcome).toEqual({ tls, connUse: undefined, blame: undefined })
      expect(mailOf(server)).toBeUndefined()
    },
  )

  it.each<Row>([
    ['enforce', 'verify', 'offered', 'RET=FULL REQUIRETLS', 'verify/requiretls'],
    [
      'opportunistic+starttls',
      'may',
      'offered',
      'RET=FULL REQUIRETLS',
      'may/requiretls:nocertmatch',
    ],
    ['opportunistic+starttls', 'verify', 'missing', 'RET=HDRS', 'verify/requiretls:none'],
    ['opportunistic', 'none', 'offered', 'RET=HDRS', 'none/requiretls:noencryption'],
    ['opportunistic', 'may', 'offered', 'RET=FULL REQUIRETLS', 'may/requiretls'],
    ['opportunistic', 'may', 'missing', 'RET=HDRS', 'may/requiretls:none'],
    ['disable', 'none', 'offered', 'RET=FULL', 'none'],
    ['disable', 'verify', 'offered', 'RET=FULL', 'verify'],
  ])(
    'C-78, C-159: %s at the level %s, REQUIRETLS %s: sends %s',
    async (action, level, offer, parameters, tls) => {
      const server = await serve({ keywords: offer === 'offered' ? OFFERED : ['DSN'] })
      const { deliver, lines } = clientOf([server.port], { policy: [action], tls: { level } })
      expect(await deliver()).toMatchObject({ kind: 'sent', tls })
      expect(mailOf(server)).toBe(`${MAIL} ${parameters}`)
      const isTold = lines.some((line) => line.startsWith(`QUEUEID: ${REQUESTED}`))
      expect(isTold).toBe(tls.includes('requiretls:'))
    },
  )

  const VERIFIED = { level: 'verify' } as const

  it.each([
    ['enforce', 'verify'],
    ['opportunistic+starttls', 'may'],
  ] as const)('C-159: %s at the level %s bounces without STARTTLS', async (action, level) => {
    const missing = await serve({ starttls: 'missing', keywords: OFFERED })
    const { deliver } = clientOf([missing.port], { policy: [action], tls: { level } })
    const text = `${REQUESTED} TLS service was not offered by host ${HOST}`
    expect(await deliver()).toMatchObject({
      kind: 'bounced',
      status: '5.7.30',
      text,
      blame: undefined,
    })
  })

  it('C-159: says how STARTTLS was refused', async () => {
    const server = await serve({ starttls: '454 4.7.0 not now', keywords: OFFERED })
    const { deliver } = clientOf([server.port], { policy: ['enforce'], tls: VERIFIED })
    const text = `${REQUESTED} host ${HOST} refused to start TLS: 454 4.7.0 not now`
    const tls = '!verify/!requiretls:nostarttls'
    expect(await deliver()).toMatchObject({ kind: 'bounced', status: '5.7.10', text, tls })
    expect(mailOf(server)).toBeUndefined()
  })

  it.each([
    ['trusted', 'self', {}],
    ['matching', 'good', { verifyMatch: ['other.test'] }],
  ])('C-159: bounces where there is no %s certificate', async (what, certificate, tls) => {
    const server = await serve({ certificate, keywords: OFFERED })
    const { deliver } = clientOf([server.port], {
      policy: ['enforce'],
      tls: { ...VERIFIED, ...tls },
    })
    const problem = `no ${what} server certificate was found`
    const text = `${REQUESTED} ${problem}. The last attempted server was ${HOST}`
    const feature = '!verify/!requiretls:nocertmatch'
    expect(await deliver()).toMatchObject({ kind: 'bounced', status: '5.7.10', text, tls: feature })
  })

  it('C-159: with less than enforce, certificates are the business of the level', async () => {
    const server = await serve({ certificate: 'self', keywords: OFFERED })
    const { deliver } = clientOf([server.port], { policy: ['opportunistic'], tls: VERIFIED })
    const text = 'Server certificate not verified'
    expect(await deliver()).toMatchObject({ kind: 'deferred', status: '4.7.5', text })
  })

  it('C-90, C-159: goes to the next server where the first is none for it', async () => {
    const first = await serve({ starttls: 'missing' })
    const second = await serve()
    const third = await serve({ keywords: OFFERED })
    const ports = [first, second, third].map(({ port }) => port)
    const options = { mxSessionLimit: 3 }
    const { deliver, lines } = clientOf(ports, { policy: ['enforce'], tls: VERIFIED, options })
    expect(await deliver()).toMatchObject({ kind: 'sent', tls: 'verify/requiretls' })
    expect(lines).toEqual([
      `QUEUEID: ${REQUESTED} TLS service was not offered by host ${HOST}`,
      expect.stringContaining('no server was found that supports REQUIRETLS'),
    ])
  })

  it('C-97: is never sent in plaintext after TLS has failed, unless that was an offer', async () => {
    for (const [action, kind] of [
      ['opportunistic+starttls', 'deferred'],
      ['opportunistic', 'sent'],
    ] as const) {
      const server = await serve({ instead: (socket) => socket.destroy() })
      const { deliver } = clientOf([server.port], { policy: [action], tls: { level: 'may' } })
      expect(await deliver({ waitedMs: 3_600_000 })).toMatchObject({ kind })
    }
  })

  it('C-118: shares no session with mail that does not ask', async () => {
    const server = await serve({ keywords: OFFERED })
    const tls = { ...VERIFIED, connectionReuse: true }
    const { deliver } = clientOf([server.port], { policy: ['enforce'], tls })
    await deliver({ sendOptions: 0 })
    expect(await deliver()).toMatchObject({ kind: 'sent', connUse: undefined })
    expect(await deliver()).toMatchObject({ kind: 'sent', connUse: 2, tls: 'verify?/requiretls' })
    expect(commandsOf(server).filter((line) => line.endsWith(' REQUIRETLS'))).toHaveLength(2)
  })

  it('C-139: counts for more than a header that says TLS-Required: no', async () => {
    const server = await serve({ starttls: 'missing' })
    const both = { sendOptions: REQUIRETLS + 16 }
    const setting = { tls: { level: 'encrypt' } } as const
    const { deliver } = clientOf([server.port], { policy: ['opportunistic'], ...setting })
    expect(await deliver(both)).toMatchObject({ kind: 'deferred', status: '4.7.4' })
    const off = clientOf([server.port], { policy: undefined, ...setting })
    expect(await off.deliver(both)).toMatchObject({ kind: 'sent', tls: 'may:none' })
  })

  it('RFC 8689 2: is sent over LMTP, too', async () => {
    const server = await serve({ keywords: OFFERED })
    const options = { lmtp: { socketDirectory: '/' } }
    const { deliver } = clientOf([server.port], { policy: ['enforce'], tls: VERIFIED, options })
    expect(await deliver()).toMatchObject({ kind: 'sent', tls: 'verify/requiretls' })
    expect(mailOf(server)).toBe(`${MAIL} RET=FULL REQUIRETLS`)
  })

  it('C-156, C-159: TLSA records that nobody can use prove nothing', async () => {
    const server = await serve({ keywords: OFFERED })
    const tls = { level: 'dane' } as const
    const record = { name: '', ttl: 60, usage: 3, selector: 1, matchingType: 9 }
    const records = [{ ...record, certificate: Buffer.of(1) }]
    const tlsa = () => ({ kind: 'found', service: 's', baseDomain: NAME, records }) as const
    const { deliver } = clientOf([server.port], { policy: ['enforce'], tls, tlsa })
    expect(await deliver({ sendOptions: 0 })).toMatchObject({ kind: 'sent', tls: 'dane:encrypt' })
    expect(await deliver()).toMatchObject({ kind: 'bounced', status: '5.7.10' })
  })
})

describe('smtp_requiretls_policy', () => {
  const table = (entries: Readonly<Record<string, string>>) => (key: string) => entries[key]

  it.each([
    ['a.tls.test', 'sent'],
    ['[a.tls.test]:26', 'sent'],
    ['b.tls.test', 'bounced'],
    ['A.TLS.TEST', 'sent'],
    ['c.other.test', 'sent'],
    ['other.test', 'bounced'],
    ['[192.0.2.1]:26', 'sent'],
    ['[ipv6:2001:db8::1]', 'sent'],
  ])('C-159: the first table that has %s, or a parent, decides', async (nexthop, kind) => {
    const server = await serve()
    const policy = [
      table({ 'a.tls.test': 'opportunistic', 'b.tls.test': 'enforce' }),
      async (key: string) => table({ '.other.test': 'Disable', '.tls.test': 'enforce' })(key),
      table({ '192.0.2.1': 'opportunistic', '2001:db8::1': 'opportunistic' }),
    ]
    const { deliver } = clientOf([server.port], { policy })
    expect(await deliver({ nexthop })).toMatchObject({ kind })
  })

  it.each([
    [
      'has no action',
      table({ '.tls.test': 'perhaps' }),
      'invalid action "perhaps" for "a.tls.test": ',
    ],
    [
      'cannot answer',
      () => {
        throw new Error('down')
      },
      'table lookup error for "a.tls.test"',
    ],
  ])('C-159: mail waits where a table %s', async (_, broken, complaint) => {
    const server = await serve()
    const { deliver, lines } = clientOf([server.port], { policy: [broken, 'disable'] })
    const text = `REQUIRETLS policy configuration error. The last attempted server was ${NAME}`
    const outcome = {
      kind: 'deferred',
      status: '4.7.10',
      text,
      tls: 'none?/unknown?',
      blame: undefined,
    }
    expect(await deliver()).toMatchObject(outcome)
    expect(lines[0]).toContain(`warning: smtp_requiretls_policy: ${complaint}`)
    expect(server.connections).toEqual([])
  })
})
