import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import type { DnsTrail, TlsaResult } from '@posthouse/mx-lookup'
import { afterEach, expect, it } from 'vitest'
import { danePem, foundTlsa, tlsa } from '../../test/dane-records.ts'
import { options as defaults } from '../../test/options.ts'
import { TlsServer } from '../../test/tls-server.ts'
import { tlsDefaults } from '../../test/tls-settings.ts'
import { SmtpClient, type SmtpDelivery, type TlsOptions } from '../index.ts'

const servers: TlsServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

const DELIVERY: SmtpDelivery = {
  queueId: 'QUEUEID',
  nexthop: 'dane.test',
  sender: 's@example.org',
  recipients: [{ address: 'r@dane.test' }],
  contentSize: 10,
  encoding: '7bit',
  sendOptions: 0,
  content: () => [Buffer.from('\nbody\n')],
  reuse: { load: false, store: false },
}

/** Delivers to a server that shows these certificates. @returns after each, what was logged. */
async function setUp(shown: readonly string[], tls: Partial<TlsOptions> = {}) {
  const cert = shown.map((name) => danePem(`${name}.pem`)).join('')
  const server = await TlsServer.listen({ identity: { cert, key: danePem(`${shown[0]}.key`) } })
  servers.push(server)
  const { logger: log, lines } = memoryLogger()
  const records: TlsaResult[] = []
  const name = 'mx.dane.test'
  const trail: DnsTrail = {
    ...{ route: 'secure', domains: ['dane.test'], host: name, owner: name, isAddressSecure: true },
  }
  const { port } = server
  const found = { name, address: '127.0.0.1', family: 4, port, preference: 10, trail } as const
  const client = new SmtpClient(
    { ...defaults, tls: { ...tlsDefaults, level: 'dane', ...tls } },
    {
      lookup: () => ({ kind: 'found', servers: [found], last: false }),
      tlsa: () => records.at(-1) ?? { kind: 'none' },
      clock: systemClock,
      log,
    },
  )
  const deliver = async (...now: readonly string[]) => {
    records.push(now.length === 0 ? { kind: 'none' } : foundTlsa(...now.map(tlsa)))
    lines.length = 0
    const [outcome] = (await client.deliver(DELIVERY)).outcomes
    const logged = lines.map((line) =>
      line
        .replaceAll(`:${port}`, ':25')
        .replace(/(?<=: )TLSv.*/, 'TLS')
        .replace(/ [0-9A-F.]{64,}$/, ''),
    )
    return { outcome: `${outcome?.kind} ${outcome?.text}`, logged }
  }
  return { server, deliver }
}

const PEER = 'mx.dane.test[127.0.0.1]:25'
const SENT = 'sent 250 2.0.0 ok'
const REFUSED = 'deferred Server certificate not verified'
const WITH = { logClasses: new Set(['summary', 'dane'] as const) }

it('C-157: a chain under a trust anchor that the server does not send is verified', async () => {
  const { server, deliver } = await setUp(['server', 'intermediate'], WITH)
  expect(await deliver('2 1 0 root')).toEqual({
    outcome: SENT,
    logged: [
      'DNSSEC-signed TLSA record: _25._tcp.mx.dane.test: 2 1 0',
      `${PEER}: matched peername: mx.dane.test`,
      `${PEER}: Matched DANE TA public key verified certificate at depth 1: 2 1 0`,
      `Verified TLS connection established to ${PEER}: TLS`,
    ],
  })
  expect(server.connections[0]?.sni).toBe('mx.dane.test')
})

it('C-157: a trusted authority does not make up for a record that does not match', async () => {
  const authorities = [danePem('root.pem')]
  const { deliver } = await setUp(['server', 'intermediate', 'root'], { authorities })
  expect(await deliver('3 1 1 root')).toEqual({
    outcome: REFUSED,
    logged: [
      `server certificate verification failed for ${PEER}: ` +
        'num=65:no matching DANE TLSA records',
      `Untrusted TLS connection established to ${PEER}: TLS`,
    ],
  })
})

it('C-156: where no record can be read, TLS is needed, and any certificate will do', async () => {
  const { server, deliver } = await setUp(['expired'])
  expect(await deliver('3 1 3 server')).toEqual({
    outcome: SENT,
    logged: [
      `warning: ${PEER}: unusable TLSA RR: 3 1 3`,
      `warning: ${PEER}: all TLSA records unusable, fallback to unauthenticated TLS`,
      `server certificate verification failed for ${PEER}: certificate has expired`,
      `Untrusted TLS connection established to ${PEER}: TLS`,
    ],
  })
  expect(server.connections[0]?.sni).toBe('mx.dane.test')
})

it('C-150: a resumed session is judged by the records of now', async () => {
  const { server, deliver } = await setUp(['server', 'intermediate', 'root'], {
    sessionCacheMs: 60_000,
  })
  for (const isResumed of [false, true]) {
    expect((await deliver('2 0 1 root')).outcome).toBe(SENT)
    expect(server.connections.at(-1)?.isResumed).toBe(isResumed)
  }
  // Sessions under other records are others.
  expect((await deliver('2 0 1 impostor')).outcome).toBe(REFUSED)
  expect(server.connections.at(-1)?.isResumed).toBe(false)
})

it('C-149: without records there is no SNI', async () => {
  const { server, deliver } = await setUp(['server'])
  expect((await deliver()).outcome).toBe(SENT)
  expect(server.connections[0]?.sni).toBeUndefined()
})
