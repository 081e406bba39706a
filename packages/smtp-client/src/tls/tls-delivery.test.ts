import type { Socket } from 'node:net'
import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, describe, expect, it } from 'vitest'

import { OneSession } from '../../test/one-session.ts'
import { options as defaults } from '../../test/options.ts'
import { TlsServer, type TlsServerOptions } from '../../test/tls-server.ts'
import { certificateDigest, inlineTable, pem, tlsDefaults } from '../../test/tls-settings.ts'
import {
  parseTlsLogLevel,
  SmtpClient,
  type SmtpClientOptions,
  type SmtpDelivery,
  type TlsOptions,
} from '../index.ts'

const NAME = 'mx.tls.test'
const HOST = `${NAME}[127.0.0.1]`
const HOUR_MS = 3_600_000

const servers: TlsServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(options?: TlsServerOptions): Promise<TlsServer> {
  const server = await TlsServer.listen(options)
  servers.push(server)
  return server
}

function client(
  { port }: TlsServer,
  tls: Partial<TlsOptions>,
  options: Partial<SmtpClientOptions> = {},
) {
  const { logger: log, lines } = memoryLogger()
  const smtp = new SmtpClient(
    { ...defaults, ...options, tls: { ...tlsDefaults, ...tls } },
    {
      lookup: () => ({
        kind: 'found',
        servers: [{ name: NAME, address: '127.0.0.1', family: 4, port, preference: 10 }],
        last: false,
      }),
      cache: new OneSession(),
      clock: systemClock,
      log,
    },
  )
  const deliver = async (changes: Partial<SmtpDelivery> = {}) => {
    const { outcomes } = await smtp.deliver({ ...DELIVERY, ...changes })
    const { kind, status, text, connUse, tls: feature } = outcomes[0]!
    return { kind, status, text, connUse, tls: feature }
  }
  return { deliver, lines }
}

const DELIVERY: SmtpDelivery = {
  queueId: 'QUEUEID',
  nexthop: 'tls.test',
  sender: 's@example.org',
  recipients: [{ address: 'r@tls.test' }],
  contentSize: 10,
  encoding: '7bit',
  sendOptions: 0,
  content: () => [Buffer.from('\nbody\n')],
  reuse: { load: true, store: true },
}
const NO_HANDSHAKE = { status: '4.7.5', text: 'Cannot start TLS: handshake failure' }

describe('hostile servers', () => {
  it('C-36: one that says nothing instead of a handshake is left in time', async () => {
    const server = await serve({ instead: () => undefined })
    const { deliver, lines } = client(server, { level: 'encrypt', starttlsTimeoutMs: 150 })
    expect(await deliver()).toMatchObject(NO_HANDSHAKE)
    expect(lines[0]).toBe(`SSL_connect error to ${HOST}:${server.port}: Connection timed out`)
  })

  it('C-36: so is one that goes on and on with it', async () => {
    const server = await serve({
      instead: (socket) => {
        const record = Buffer.from('160303400002003ffc', 'hex') // The beginning of a ServerHello.
        let at = 0
        const timer = setInterval(() => socket.write(Buffer.of(record[at++] ?? 0)), 10)
        socket.on('close', () => clearInterval(timer))
        socket.resume()
      },
    })
    const { deliver } = client(server, { level: 'encrypt', starttlsTimeoutMs: 200 })
    expect(await deliver()).toMatchObject(NO_HANDSHAKE)
  })

  it.each<[string, NonNullable<TlsServerOptions['afterEhlo']>]>([
    ['closes the connection', (_, raw) => raw.destroy()],
    ['resets the connection', (_, raw) => raw.resetAndDestroy()],
  ])('C-94: one that %s in the middle of TLS is lost', async (_, afterEhlo) => {
    const server = await serve({ afterEhlo, keywords: ['AUTH PLAIN'] })
    const { deliver } = client(server, { level: 'encrypt' })
    expect((await deliver()).kind).toBe('deferred')
    expect((await deliver()).status).toBe('4.4.2')
  })

  it('C-94: one that goes on in plaintext is lost', async () => {
    const server = await serve({
      instead: (socket) => {
        socket.once('data', () => socket.write('250 2.0.0 who needs TLS\r\n'))
      },
    })
    const { deliver } = client(server, { level: 'encrypt' })
    expect(await deliver({ waitedMs: HOUR_MS })).toMatchObject(NO_HANDSHAKE)
    expect(server.connections.length).toBe(1)
  })

  it('C-97: mail that has waited goes out in plaintext at the level may only', async () => {
    const server = await serve({ instead: (socket) => socket.destroy() })
    const { deliver, lines } = client(server, { level: 'may' })
    expect(await deliver()).toMatchObject({ ...NO_HANDSHAKE, kind: 'deferred' })
    expect(await deliver({ waitedMs: HOUR_MS })).toMatchObject({ kind: 'sent' })
    expect(lines).toContain('QUEUEID: Cannot start TLS: handshake failure')
    expect(server.connections.map(({ commands }) => commands.includes('DATA'))).toEqual([
      ...[false, false, true],
    ])
  })

  it('C-97: nobody logs in where TLS has failed', async () => {
    const server = await serve({ instead: (socket) => socket.destroy(), keywords: ['AUTH PLAIN'] })
    const sasl = {
      passwords: () => 'user:password',
      passwordsOfSenders: undefined,
      delimiter: ':',
      acceptsMechanism: () => true,
      securityOptions: [],
      tlsSecurityOptions: [],
      tlsVerifiedSecurityOptions: [],
      softBounce: true,
      dummyMailAuth: false,
      sendAuthorizationId: false,
      failureCacheMs: 0,
      randomBytes: () => new Uint8Array(),
    }
    const { deliver } = client(server, { level: 'may' }, { sasl })
    expect(await deliver({ waitedMs: HOUR_MS })).toMatchObject(NO_HANDSHAKE)
    expect(server.connections.flatMap(({ commands }) => commands).join()).not.toContain('AUTH')
  })

  it('C-65: one that answers MAIL before it is sent may have been tampered with', async () => {
    const server = await serve({ afterEhlo: (socket) => socket.write('250 2.1.0 ok\r\n') })
    const { deliver, lines } = client(server, { level: 'encrypt', blockEarlyMailReply: true })
    const text = 'unexpected server message'
    expect(await deliver()).toMatchObject({ kind: 'deferred', status: '4.7.0', text })
    expect(lines.at(-1)).toBe(
      `warning: server ${HOST} violates smtp_tls_block_early_mail_reply policy`,
    )
  })
})

describe('certificates', () => {
  const unverified = { status: '4.7.5', text: 'Server certificate not verified' }

  it('C-143: a chain may not be longer than the limit, as Postfix 3.7 counts', async () => {
    const server = await serve({ certificate: 'chain' }) // Two issuers, below an authority.
    const options = { level: 'verify', authorities: [pem('chain-root.pem')] } as const
    const { deliver, lines } = client(server, { ...options, verifyDepth: 0 })
    expect(await deliver()).toMatchObject(unverified)
    expect(lines[0]).toContain('certificate chain longer than limit(1)')
    expect(await client(server, { ...options, verifyDepth: 1 }).deliver()).toMatchObject({
      kind: 'sent',
    })
  })

  it.each<[string, number]>([
    ['summary', 0],
    ['untrusted', 1],
  ])(
    'C-152: the class %s has the reasons of %i certificates that do not count',
    async (name, n) => {
      const server = await serve({ certificate: 'self' })
      const { deliver, lines } = client(server, {
        level: 'may',
        logClasses: parseTlsLogLevel(name)!,
      })
      expect(await deliver()).toMatchObject({ kind: 'sent' })
      const reason = `certificate verification failed for ${HOST}:${server.port}: `
      expect(lines.filter((line) => line.startsWith(reason))).toHaveLength(n)
    },
  )

  it('C-154: one for clients is none for a server', async () => {
    const server = await serve({ certificate: 'client' })
    const { deliver, lines } = client(server, { level: 'verify' })
    expect(await deliver()).toMatchObject(unverified)
    expect(lines[0]).toContain('not designated for use as a server certificate')
  })

  it('C-154: says who is not trusted', async () => {
    const server = await serve()
    const { deliver, lines } = client(server, { level: 'verify', authorities: [] })
    expect(await deliver()).toMatchObject(unverified)
    expect(lines).toEqual([
      `certificate verification failed for ${HOST}:${server.port}: untrusted issuer /CN=Test CA`,
      expect.stringMatching(/^Untrusted TLS connection established to /),
    ])
  })

  it.each([
    ['good.pem', 'sent'],
    ['self.pem', 'deferred'],
  ])('C-143: with the trust anchor %s alone it is %s', async (anchor, kind) => {
    const value = `secure tafile=${anchor} match=${NAME}`
    const policyMaps = inlineTable(`inline:{{tls.test=${value}}}`, memoryLogger().logger)
    const { deliver } = client(await serve(), { policyMaps })
    expect((await deliver()).kind).toBe(kind)
  })

  it('C-149: sends the name that it is told to, and no address', async () => {
    const server = await serve()
    const wanted = ['', 'hostname', 'nexthop', 'other.example', '192.0.2.1']
    const said = []
    for (const servername of wanted) {
      const logClasses: TlsOptions['logClasses'] = new Set(['verbose'])
      const { deliver, lines } = client(server, { level: 'may', servername, logClasses })
      expect(await deliver()).toMatchObject({ kind: 'sent' })
      said.push(lines.find((line) => line.includes('SNI'))?.replace(/^.*: /, ''))
    }
    const expected = [undefined, NAME, 'tls.test', 'other.example', undefined]
    expect(server.connections.map(({ sni }) => sni)).toEqual(expected)
    expect(said).toEqual(expected)
  })

  it.each([
    ['encrypt ciphers=best', ['invalid cipher grade: "best"']],
    ['encrypt exclude=ALL', ['error setting cipher grade: "medium"', 'no cipher match']],
    ['encrypt protocols=SSLv9', ['Invalid TLS protocol list "SSLv9": aborting TLS session']],
  ])('C-140, C-141: says what is wrong with %s', async (value, problems) => {
    const policyMaps = inlineTable(`inline:{{tls.test=${value}}}`, memoryLogger().logger)
    const { deliver, lines } = client(await serve(), { policyMaps })
    expect(await deliver()).toMatchObject(NO_HANDSHAKE)
    expect(lines).toHaveLength(problems.length)
    for (const [at, problem] of problems.entries()) expect(lines[at]).toContain(problem)
  })

  it('C-148: fingerprints may have colons or not, and letters in any case', async () => {
    const digest = certificateDigest('good')
    for (const fingerprint of [digest, digest.replaceAll(':', ''), digest.toLowerCase()]) {
      const fingerprints = ['00:11', fingerprint]
      const logClasses: TlsOptions['logClasses'] = new Set(['certmatch'])
      const options = { level: 'fingerprint', fingerprints, logClasses } as const
      const { deliver, lines } = client(await serve({ certificate: 'good' }), options)
      expect(await deliver()).toMatchObject({ kind: 'sent' })
      expect(lines.at(-1)).toMatch(
        new RegExp(`: Matched fingerprint: ${digest.replaceAll(':', '')}$`),
      )
    }
  })

  it.each([
    ['192.0.2.1', /: num=64:IP address mismatch$/],
    ['192.0.2.1:a.test', /: num=62:hostname mismatch$/],
    [':', /: num=1:unspecified certificate verification error$/],
  ])('C-154: says what does not match with match=%s', async (match, complaint) => {
    const entries = `inline:{{tls.test=verify match=${match}}}`
    const policyMaps = inlineTable(entries, memoryLogger().logger)
    const { deliver, lines } = client(await serve(), { policyMaps })
    expect(await deliver()).toMatchObject(unverified)
    expect(lines.at(-2)).toMatch(complaint)
  })

  it('C-135: defers before it connects where the file of tafile= cannot be read', async () => {
    const entries = 'inline:{{tls.test=secure tafile=nowhere.pem}}'
    const policyMaps = inlineTable(entries, memoryLogger().logger)
    const server = await serve()
    const { deliver, lines } = client(server, { policyMaps })
    const text = 'client TLS configuration problem'
    expect(await deliver()).toMatchObject({ kind: 'deferred', status: '4.7.5', text })
    expect(lines[0]).toMatch(/^warning: error opening trust anchor file: .*nowhere\.pem/)
    expect(server.connections).toEqual([])
  })
})

describe('logs', () => {
  it('C-152: say of each server what its level says', async () => {
    const entries = new Map([[NAME, 'summary']])
    const logLevelMaps = (key: string) => entries.get(key)
    const server = await serve()
    const logClasses: TlsOptions['logClasses'] = new Set()
    const options = { level: 'may', logClasses, logLevelMaps } as const
    const { deliver, lines } = client(server, { ...options, connectionReuse: true })
    await deliver()
    await deliver()
    expect(lines.map((line) => line.slice(0, 34))).toEqual([
      ...['Trusted TLS connection established', 'Trusted TLS connection reused to m'],
    ])
    entries.set(NAME, 'none')
    await client(server, options).deliver()
    expect(lines).toHaveLength(2)
  })
})

describe('TLS-Required: no', () => {
  it.each([
    [true, 'sent', 'may:none'],
    [false, 'deferred', '!encrypt'],
  ])('C-139: heeded: %s', async (heedsTlsRequired, kind, tls) => {
    const server = await serve({ starttls: 'missing' })
    const { deliver } = client(server, { level: 'encrypt', heedsTlsRequired })
    expect(await deliver({ sendOptions: 16 })).toMatchObject({ kind, tls })
  })
})

describe('wrapper mode', () => {
  it.each([
    [true, 'encrypt', 0],
    [false, 'encrypt', 1],
  ] as const)(
    'C-5: wrapper mode %s at port 465: %j hints %i times',
    async (wrapperMode, level, times) => {
      const { deliver, lines } = client(await serve(), {
        level,
        wrapperMode,
        starttlsTimeoutMs: 50,
      })
      await deliver({ nexthop: 'tls.test:465' })
      const hints = lines.filter((line) => line.startsWith('SMTPS wrappermode (TCP port 465)'))
      expect(hints).toHaveLength(times)
    },
  )
})

describe('sessions', () => {
  it('C-150: a handshake is resumed, and what it proved is judged anew', async () => {
    const server = await serve()
    const logClasses: TlsOptions['logClasses'] = new Set(['summary', 'cache'])
    const options = { level: 'verify', sessionCacheMs: HOUR_MS, logClasses } as const
    const { deliver, lines } = client(server, options)
    expect(await deliver()).toMatchObject({ kind: 'sent' })
    expect(await deliver()).toMatchObject({ kind: 'sent' })
    expect(server.connections.map(({ isResumed }) => isResumed)).toEqual([false, true])
    const masked = lines.map((line) =>
      line
        .replaceAll(String(server.port), 'PORT')
        .replace(/&[0-9A-F]{64}/, '&DIGEST')
        .replace(/ with cipher.*server-signature/, ''),
    )
    const id = `smtp&tls.test&${NAME}&127.0.0.1&&DIGEST`
    const where = `${HOST}:PORT: TLSv1.3 ECDSA (prime256v1)`
    const summary = `Verified TLS connection established to ${where}`
    expect(masked.filter((line) => !line.startsWith('save'))).toEqual([
      `looking for session ${id} in smtp cache`,
      `${summary} server-digest SHA256`,
      `looking for session ${id} in smtp cache`,
      `reloaded session ${id} from smtp cache`,
      `${HOST}:PORT: Reusing old session`,
      summary,
    ])
    expect(masked).toContain(`save session ${id} to smtp cache`)
  })

  it('C-150: a session that breaks the handshake is forgotten', async () => {
    const options: TlsServerOptions = {}
    const server = await serve(options)
    const logClasses: TlsOptions['logClasses'] = new Set(['cache'])
    const { deliver, lines } = client(server, {
      ...{ level: 'encrypt', sessionCacheMs: HOUR_MS, logClasses },
    })
    await deliver()
    Object.assign(options, { instead: (socket: Socket) => socket.destroy() })
    await deliver()
    expect(lines.at(-2)).toMatch(/^remove session \S+ from client cache$/)
  })

  it('C-150: nothing is resumed unless it is wanted', async () => {
    const server = await serve()
    const { deliver } = client(server, { level: 'verify' })
    await deliver()
    await deliver()
    expect(server.connections.map(({ isResumed }) => isResumed)).toEqual([false, false])
  })

  it('C-118, C-128: a connection is kept for those with the same policy alone', async () => {
    const server = await serve()
    const entries = [
      'tls.test=encrypt',
      'a.test=encrypt',
      '{b.test=encrypt ciphers=high}',
      '{c.test=secure match=mx.tls.test}',
    ]
    const policyMaps = inlineTable(`inline:{${entries.join(', ')}}`, memoryLogger().logger)
    const { deliver, lines } = client(server, { policyMaps, connectionReuse: true })
    expect(await deliver()).toMatchObject({ kind: 'sent' })
    expect(await deliver({ nexthop: 'a.test' })).toMatchObject({ kind: 'sent', connUse: 2 })
    expect(lines.at(-1)).toMatch(/^Trusted TLS connection reused to /)
    for (const nexthop of ['b.test', 'c.test']) {
      expect(await deliver({ nexthop })).toMatchObject({ kind: 'sent', connUse: undefined })
    }
    expect(server.connections.length).toBe(3)
  })

  it('C-137: servers that an MTA-STS policy does not name are passed over', async () => {
    const server = await serve()
    const value = 'secure policy_type=sts match=x mx_host_pattern=*.example'
    const policyMaps = inlineTable(`inline:{{tls.test=${value}}}`, memoryLogger().logger)
    const { deliver, lines } = client(server, { policyMaps })
    expect(await deliver()).toMatchObject({ kind: 'deferred', status: '4.3.0' })
    expect(lines).toEqual([
      `warning: MX name '${NAME}' does not match STS MX pattern for 'tls.test'`,
    ])
    expect(server.connections).toEqual([])
  })
})
