import { createServer, type Server } from 'node:net'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, describe, expect, it } from 'vitest'

import { options as defaults } from '../test/options.ts'
import {
  type SaslOptions,
  type SessionCache,
  SmtpClient,
  type SmtpClientOptions,
  type SmtpReport,
  type SmtpSession,
} from './index.ts'
import { SessionTranscript } from './session-transcript.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that answers each line with what `answer` says; '' is silence. */
async function listen(answer: (line: string) => string): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.write('220 mx ESMTP\r\n')
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
        const reply = answer(line)
        if (reply !== '') socket.write(`${reply}\r\n`)
      }
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function polite(line: string): string {
  if (line.startsWith('EHLO')) return '250 mx'
  if (line === 'DATA') return '354 go ahead'
  return /^(MAIL|RCPT|RSET|QUIT|\.$)/.test(line) ? '250 2.0.0 ok' : ''
}

class Kept implements SessionCache {
  readonly #sessions: SmtpSession[] = []
  store(_labels: readonly string[], session: SmtpSession): void {
    this.#sessions.push(session)
  }
  take(): SmtpSession | undefined {
    return this.#sessions.pop()
  }
}

function clientOf(port: number, changed: Partial<SmtpClientOptions>): SmtpClient {
  const address = { address: '127.0.0.1', family: 4, port, preference: 0 } as const
  const lookup = () => ({
    kind: 'found' as const,
    servers: [{ ...address, name: 'mx.example' }],
    last: false,
  })
  const { logger: log } = memoryLogger()
  const options = { ...defaults, heloName: 'client.test', ...changed }
  return new SmtpClient(options, { lookup, cache: new Kept(), clock: systemClock, log })
}

function deliver(client: SmtpClient, content = 'Subject: x\n\nsecret\n'): Promise<SmtpReport> {
  return client.deliver({
    queueId: '4Xyz',
    nexthop: 'example.com',
    sender: 'me@example.org',
    recipients: [{ address: 'you@example.com' }],
    contentSize: content.length,
    encoding: '7bit',
    sendOptions: 0,
    content: () => [Buffer.from(content)],
    reuse: { load: true, store: true },
  })
}

const PROTOCOL = { notifyClasses: new Set(['protocol'] as const) }

describe('notices of sessions', () => {
  it('C-110: there are none if nobody asks for that class, or nothing is out of order', async () => {
    const refusing = await listen((line) => (line.startsWith('MAIL') ? '501 what' : polite(line)))
    const data = { notifyClasses: new Set(['data'] as const) }
    for (const options of [{}, data]) {
      const { notices, outcomes } = await deliver(clientOf(refusing, options))
      expect(outcomes[0]?.kind).toBe('bounced')
      expect(notices).toBeUndefined()
    }
    const usual = await listen((line) => (line.startsWith('MAIL') ? '550 no' : polite(line)))
    expect((await deliver(clientOf(usual, PROTOCOL))).notices).toBeUndefined()
  })

  it('C-111: the transcript has all but the content, from the greeting to QUIT', async () => {
    const broken = await listen((line) => (line === '.' ? 'eh?\r\n250 ok' : polite(line)))
    const report = await deliver(clientOf(broken, { ...PROTOCOL, cacheOnDemand: false }))
    expect(report.notices).toEqual([
      {
        relay: `mx.example[127.0.0.1]:${broken}`,
        transcript: [
          ...['In:  220 mx ESMTP', 'Out: EHLO client.test', 'In:  250 mx'],
          ...['Out: MAIL FROM:<me@example.org>', 'In:  250 2.0.0 ok'],
          ...['Out: RCPT TO:<you@example.com>', 'In:  250 2.0.0 ok'],
          ...['Out: DATA', 'In:  354 go ahead', 'Out: .', 'In:  eh?', 'In:  250 ok', 'Out: QUIT'],
        ],
      },
    ])
  })

  it('C-94, C-110: a table that cannot be read is an error of the class data', async () => {
    const port = await listen(polite)
    const discardEhloKeywordMaps = () => {
      throw new Error('no such table')
    }
    const notifyClasses = new Set(['data'] as const)
    const client = clientOf(port, { notifyClasses, discardEhloKeywordMaps })
    const { notices, outcomes } = await deliver(client)
    expect(outcomes[0]?.status).toBe('4.3.0')
    expect(notices?.map(({ transcript }) => transcript.at(-1))).toEqual(['Out: QUIT'])
  })

  it('C-110: of a session that is used again only the last delivery is told of', async () => {
    let mails = 0
    const port = await listen((line) => {
      if (line.startsWith('MAIL')) mails += 1
      return line.startsWith('MAIL') && mails === 2 ? '501 what' : polite(line)
    })
    const client = clientOf(port, { ...PROTOCOL, cacheOnDemand: true })
    expect((await deliver(client)).notices).toBeUndefined()
    const { notices } = await deliver(client)
    expect(notices?.map(({ transcript }) => transcript)).toEqual([
      [
        ...['Out: RSET', 'In:  250 2.0.0 ok', 'Out: MAIL FROM:<me@example.org>'],
        ...['In:  501 what', 'Out: RSET', 'In:  250 2.0.0 ok', 'Out: QUIT'],
      ],
    ])
  })

  it.each(['PLAIN', 'LOGIN'])('C-111: nothing that helps to log in is shown: %s', async (name) => {
    const port = await listen((line) => {
      if (line.startsWith('EHLO')) return `250-mx\r\n250 AUTH ${name}`
      if (line.startsWith('AUTH LOGIN')) return '334 VXNlcm5hbWU6'
      return /^(MAIL|RCPT|RSET|QUIT|DATA)/.test(line) ? polite(line) : '501 what'
    })
    const sasl: SaslOptions = {
      passwords: () => 'user:pencil',
      passwordsOfSenders: undefined,
      delimiter: ':',
      acceptsMechanism: () => true,
      ...{ securityOptions: [], tlsSecurityOptions: [], tlsVerifiedSecurityOptions: [] },
      dummyMailAuth: false,
      sendAuthorizationId: false,
      failureCacheMs: 0,
      softBounce: true,
      randomBytes: (count) => Buffer.alloc(count),
    }
    const { notices } = await deliver(clientOf(port, { ...PROTOCOL, sasl }))
    const shown = notices?.[0]?.transcript.filter((line) => line.startsWith('Out: '))
    const login =
      name === 'PLAIN' ? ['Out: AUTH PLAIN (masked)'] : ['Out: AUTH LOGIN', 'Out: (masked)']
    expect(shown).toEqual(['Out: EHLO client.test', ...login, 'Out: QUIT'])
  })
})

it('keeps the beginning and the end of a session that goes on and on', () => {
  const transcript = new SessionTranscript()
  for (let at = 1; at <= 10_000; at++) transcript.received(`250 ${at}`)
  transcript.sent('RSET\r\nQUIT\r\n')
  const { lines } = transcript
  expect(lines.join('').length).toBeLessThan(70_000)
  expect(lines.slice(0, 2)).toEqual(['In:  250 1', 'In:  250 2'])
  expect(lines.slice(-3)).toEqual(['In:  250 10000', 'Out: RSET', 'Out: QUIT'])
  const gap = lines.findIndex((line) => line.startsWith('('))
  const [, count] = /^\((\d+) lines are left out here\)$/.exec(lines[gap] ?? '') ?? []
  expect(Number(count) + lines.length - 1).toBe(10_002)
})
