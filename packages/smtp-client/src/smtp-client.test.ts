import { connect, createServer, type Server, Socket } from 'node:net'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import type { MxResult, Nexthop } from '@posthouse/mx-lookup'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'

import { options as defaults } from '../test/options.ts'
import {
  type SessionCache,
  SmtpClient,
  type SmtpClientOptions,
  type SmtpClientPorts,
  type SmtpDelivery,
  type SmtpSession,
} from './index.ts'

const options: SmtpClientOptions = {
  ...defaults,
  myhostname: 'client.test',
  heloName: 'client.test',
}

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

// Instead of a reply: the server says nothing any more, or closes the connection.
const SILENCE = '(silence)'
const CLOSE = '(close)'

/** A server that does as it is told; `replies` by the start of the command, `.` for the message. */
class FakeServer {
  readonly commands: string[] = []
  readonly messages: string[] = []
  readonly sockets: Socket[] = []
  port = 0
  readonly #keywords: readonly string[]
  readonly #replies: Readonly<Record<string, string>>

  constructor(keywords: readonly string[], replies: Readonly<Record<string, string>> = {}) {
    this.#keywords = keywords
    this.#replies = replies
  }

  async listen(): Promise<this> {
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket))
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address !== null && typeof address === 'object') this.port = address.port
    return this
  }

  get nexthop(): string {
    return `[127.0.0.1]:${this.port}`
  }

  #serve(socket: Socket): void {
    this.sockets.push(socket)
    socket.on('error', () => undefined)
    socket.write(this.#reply('greeting', '220 fake ESMTP'))
    let rest = ''
    let message: string[] | undefined
    let silent = false
    socket.on('data', (chunk: Buffer) => {
      if (silent) return
      rest += chunk.toString('latin1')
      const lines = rest.split('\r\n')
      rest = lines.pop()!
      let output = ''
      for (const line of lines) {
        if (message === undefined) {
          this.commands.push(line)
          const answer = this.#answer(line)
          silent = answer.startsWith(SILENCE) || answer.startsWith(CLOSE)
          if (answer.startsWith(CLOSE)) socket.end(output)
          if (silent) return
          output += answer
          if (line === 'DATA' && this.#replies['DATA'] === undefined) message = []
        } else if (line === '.') {
          this.messages.push(message.map((text) => `${text}\n`).join(''))
          message = undefined
          output += this.#reply('.', '250 2.0.0 queued')
        } else {
          message.push(line.startsWith('.') ? line.slice(1) : line)
        }
      }
      socket.write(output)
      if (lines.includes('QUIT') && this.#replies['QUIT'] === undefined) socket.end()
    })
  }

  #answer(line: string): string {
    if (line.startsWith('EHLO')) {
      const lines = ['fake', ...this.#keywords]
      const ehlo = lines.map((text, at) => `250${at === lines.length - 1 ? ' ' : '-'}${text}`)
      return this.#reply('EHLO', ehlo.join('\r\n'))
    }
    return this.#reply(line, line === 'DATA' ? '354 go' : '250 2.0.0 ok')
  }

  #reply(command: string, otherwise: string): string {
    const found = Object.keys(this.#replies).find((start) => command.startsWith(start))
    return `${found === undefined ? otherwise : this.#replies[found]}\r\n`
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await nextTurn()
}

function literal({ host, port }: Nexthop): MxResult {
  return {
    kind: 'found',
    servers: [{ name: host, address: host, family: 4, port, preference: 0 }],
    last: false,
  }
}

function setUp(changed: Partial<SmtpClientOptions> = {}, ports: Partial<SmtpClientPorts> = {}) {
  const { logger, lines, fields } = memoryLogger()
  const client = new SmtpClient(
    { ...options, ...changed },
    { lookup: literal, clock: systemClock, log: logger, ...ports },
  )
  return { client, lines, fields }
}

function delivery(nexthop: string, changed: Partial<SmtpDelivery> = {}): SmtpDelivery {
  return {
    queueId: 'QID',
    nexthop,
    sender: 's@a.test',
    recipients: [{ address: 'r@b.test' }],
    contentSize: 10,
    encoding: '7bit',
    sendOptions: 0,
    content: () => [Buffer.from('Hi: x\n\nhello\n')],
    reuse: { load: false, store: false },
    ...changed,
  }
}

/** One label, one session: enough to see what is stored under which labels. */
class OneSession implements SessionCache {
  labels: readonly string[] = []
  #session: SmtpSession | undefined
  #close: (session: SmtpSession) => void = () => undefined

  store(
    labels: readonly string[],
    session: SmtpSession,
    _: number,
    close: (s: SmtpSession) => void,
  ) {
    this.labels = labels
    this.#session = session
    this.#close = close
  }

  take(label: string): SmtpSession | undefined {
    const session = this.labels.includes(label) ? this.#session : undefined
    if (session !== undefined) this.#session = undefined
    return session
  }

  close(): void {
    if (this.#session !== undefined) this.#close(this.#session)
  }
}

describe('content', () => {
  const eightBit = Buffer.from('Hi: x\n\ngr\xfc\xdfe\n', 'latin1')

  const labelled = 'Content-Transfer-Encoding: 8bit\n\ngr\xfc\xdfe\n'
  const quoted = 'Content-Transfer-Encoding: quoted-printable\n\ngr=FC=DFe\n'

  it.each([
    ['8bit', 'from memory', labelled, quoted],
    ['8bit', 'as a stream', labelled, quoted],
    ['', 'from memory', labelled, quoted],
    ['8bit', 'from memory', 'Hi: x\n\nascii', 'Hi: x\n\nascii\n'],
    ['7bit', 'from memory', labelled, labelled],
  ] as const)(
    'C-164: encoding %j, %s: %j becomes %j without 8BITMIME',
    async (encoding, source, text, expected) => {
      const server = await new FakeServer(['PIPELINING']).listen()
      const { client } = setUp()
      const bytes = Buffer.from(text, 'latin1')
      const stream = async function* () {
        yield bytes.subarray(0, 40)
        yield bytes.subarray(40)
      }
      const content = () => (source === 'as a stream' ? stream() : [bytes])
      const request = delivery(server.nexthop, { encoding, content })
      expect((await client.deliver(request)).outcomes).toMatchObject([{ kind: 'sent' }])
      expect(server.messages).toEqual([expected])
    },
  )

  it.each([
    ['8bit', ['8BITMIME'], 'MAIL FROM:<s@a.test> BODY=8BITMIME', {}],
    ['7bit', ['8BITMIME', 'SIZE'], 'MAIL FROM:<s@a.test> SIZE=10 BODY=7BIT', {}],
    ['', ['SIZE'], 'MAIL FROM:<s@a.test>', {}],
    ['7bit', ['SIZE'], 'MAIL FROM:<s@a.test> SIZE=10', {}],
    ['8bit', ['SIZE'], 'MAIL FROM:<s@a.test> SIZE=10', { disableMimeOutputConversion: true }],
  ] as const)('C-78: encoding %j, %j: %s', async (encoding, keywords, mail, changed) => {
    const server = await new FakeServer(keywords).listen()
    const { client } = setUp(changed)
    const bytes = encoding === '8bit' ? eightBit : Buffer.from('Hi: x\n\nascii\n')
    const request = delivery(server.nexthop, { encoding, content: () => [bytes] })
    expect((await client.deliver(request)).outcomes[0]?.kind).toBe('sent')
    expect(server.commands[1]).toBe(mail)
    expect(server.messages).toEqual([bytes.toString('latin1')])
  })

  it('arrives as it was sent, however it is split, from memory or as a stream', async () => {
    const server = await new FakeServer(['PIPELINING', '8BITMIME']).listen()
    const { client } = setUp()
    const part = fc.constantFrom('\n', '.', '.\n', 'text', '\0', '\xff', '\r')
    const chunks = fc.array(fc.array(part).map((parts) => Buffer.from(parts.join(''), 'latin1')))
    await fc.assert(
      fc.asyncProperty(chunks, fc.boolean(), async (pieces, asStream) => {
        const stream = async function* () {
          yield* pieces
        }
        const content = () => (asStream ? stream() : pieces)
        const { outcomes } = await client.deliver(delivery(server.nexthop, { content }))
        expect(outcomes[0]).toMatchObject({ kind: 'sent', text: '250 2.0.0 queued' })
        const text = Buffer.concat(pieces).toString('latin1')
        const expected = text === '' || text.endsWith('\n') ? text : `${text}\n`
        expect(server.messages.at(-1)).toBe(expected)
      }),
      { numRuns: 30 },
    )
  })

  it('large content goes no faster than the server reads', async () => {
    const server = await new FakeServer(['PIPELINING', '8BITMIME']).listen()
    const { client } = setUp()
    const chunk = Buffer.from(`${'z'.repeat(76)}\n`.repeat(4000))
    const chunks = 100
    let given = 0
    const content = function* () {
      for (; given < chunks; given++) yield chunk
    }
    const contentSize = chunk.length * chunks
    const delivered = client.deliver(delivery(server.nexthop, { contentSize, content }))
    await until(() => server.commands.includes('DATA'))
    server.sockets[0]!.pause()
    for (let seen = -1; seen !== given; ) {
      seen = given
      for (let turn = 0; turn < 100; turn++) await nextTurn()
    }
    expect(given).toBeLessThan(chunks)
    server.sockets[0]!.resume()
    expect((await delivered).outcomes[0]?.kind).toBe('sent')
    expect(server.messages[0]).toHaveLength(contentSize)
  })

  it.each([
    [
      'at once',
      () => {
        throw new Error('disk gone')
      },
    ],
    [
      'in the middle',
      function* () {
        yield Buffer.from('Hi: x\n\nfirst half')
        throw new Error('disk gone')
      },
    ],
    [
      'in a stream',
      async function* () {
        yield Buffer.from('Hi: x\n\nfirst half')
        throw new Error('disk gone')
      },
    ],
  ] as const)('C-89: unreadable content, %s, is no message', async (_, content) => {
    const server = await new FakeServer(['PIPELINING']).listen()
    const { client, lines } = setUp()
    const { outcomes } = await client.deliver(delivery(server.nexthop, { content }))
    expect(outcomes).toEqual([
      expect.objectContaining({
        kind: 'deferred',
        status: '4.3.0',
        text: 'local data error while talking to 127.0.0.1[127.0.0.1]',
      }),
    ])
    expect(lines).toEqual(['warning: QID: message content cannot be read: disk gone'])
    expect(server.messages).toEqual([])
  })
})

describe('envelope', () => {
  it('refuses addresses that would bring commands of their own', async () => {
    const server = await new FakeServer([]).listen()
    const { client } = setUp()
    const recipients = [{ address: 'x>\r\nRSET\r\n@b.test' }, { address: 'r@b.test' }]
    const { outcomes } = await client.deliver(delivery(server.nexthop, { recipients }))
    expect(outcomes).toMatchObject([
      { kind: 'bounced', status: '5.1.3', relay: 'none' },
      { kind: 'sent' },
    ])
    expect(server.commands).not.toContain('RSET')

    const sender = 'a\n@b.test'
    const second = await client.deliver(delivery(server.nexthop, { sender }))
    expect(second.outcomes).toMatchObject([{ kind: 'bounced', status: '5.1.7', relay: 'none' }])
    expect(server.sockets).toHaveLength(1)
  })

  it.each([
    ['a@b.test> RET=HDRS ENVID=x', true],
    ['a@b.test>', true],
    ['a@b<c', true],
    ['a> SIZE=1@b.test', false],
    ['<a', false],
  ])('C-174: refuses %j, which would bring parameters of its own', async (sender, quote) => {
    const server = await new FakeServer([]).listen()
    const { client } = setUp({ quoteEnvelope: quote })
    const { outcomes } = await client.deliver(delivery(server.nexthop, { sender }))
    expect(outcomes).toMatchObject([{ kind: 'bounced', status: '5.1.7', relay: 'none' }])
    expect(server.commands).toEqual([])
  })

  it('C-174: angle brackets in quotes are sent', async () => {
    const server = await new FakeServer([]).listen()
    const { client } = setUp()
    const recipients = [{ address: '<a> SIZE=1' }]
    await client.deliver(delivery(server.nexthop, { sender: '<a> SIZE=1@b.test', recipients }))
    expect(server.commands).toContain('MAIL FROM:<"<a> SIZE=1"@b.test>')
    expect(server.commands).toContain('RCPT TO:<"<a> SIZE=1">')
  })

  it('C-82, C-185: 1000 recipients, and a server that answers before it reads on', async () => {
    const server = await new FakeServer(['PIPELINING', 'DSN'], {
      'RCPT TO:<r7': '550 5.1.1 no',
    }).listen()
    const { client } = setUp()
    const recipients = Array.from({ length: 1000 }, (_, index) => ({ address: `r${index}@b.test` }))
    const { outcomes } = await client.deliver(delivery(server.nexthop, { recipients }))
    expect(outcomes).toHaveLength(1000)
    for (const [index, { kind }] of outcomes.entries()) {
      expect(kind).toBe(`${index}`.startsWith('7') ? 'bounced' : 'sent')
    }
  })

  it('C-172: is put off, unseen by servers, where its addresses cannot be mapped', async () => {
    const server = await new FakeServer([]).listen()
    const { client, lines } = setUp({ genericMap: () => Promise.reject(new Error('down')) })
    const { outcomes, blame } = await client.deliver(delivery(server.nexthop))
    const text = 'smtp_generic_maps map lookup problem'
    expect(outcomes).toMatchObject([{ kind: 'deferred', status: '4.3.0', text, relay: 'none' }])
    expect(blame).toBeUndefined()
    expect(lines).toEqual([`fatal: ${text} for s@a.test`])
    expect(server.sockets).toEqual([])
  })

  it('C-172: is put off where an address in a header cannot be mapped', async () => {
    const server = await new FakeServer([]).listen()
    const genericMap = (address: string) => {
      if (address === 'x@a.test') throw new Error('down')
      return undefined
    }
    const { client } = setUp({ genericMap })
    const content = () => [Buffer.from('From: x@a.test\n\nhello\n')]
    const { outcomes } = await client.deliver(delivery(server.nexthop, { content }))
    const text = 'local data error while talking to 127.0.0.1[127.0.0.1]'
    expect(outcomes).toMatchObject([{ kind: 'deferred', status: '4.3.0', text }])
    expect(server.messages).toEqual([])
  })

  it('C-172: no map can bring a command of its own', async () => {
    const server = await new FakeServer([]).listen()
    const { client } = setUp({ genericMap: () => ['a@b.test>\r\nRSET'] })
    const { outcomes } = await client.deliver(delivery(server.nexthop))
    expect(outcomes).toMatchObject([{ kind: 'bounced', status: '5.1.7' }])
    expect(server.commands).toEqual([])
  })

  it('C-159: comes back where it asks for REQUIRETLS, and there is no TLS at all', async () => {
    const { client } = setUp()
    const { outcomes, blame } = await client.deliver(
      delivery('[127.0.0.1]:25', { sendOptions: 32 }),
    )
    const text =
      "Sender requested REQUIRETLS, but my configured TLS security level 'none' disables " +
      'encryption. The last attempted server was 127.0.0.1'
    expect(outcomes).toMatchObject([
      {
        kind: 'bounced',
        status: '5.7.10',
        text,
        relay: 'none',
        tls: 'none?/!requiretls:noencryption',
      },
    ])
    expect(blame).toBeUndefined()
  })
})

describe('servers', () => {
  it.each([
    ['127.0.0.1', true],
    ['192.0.2.1', false],
  ])('debug_peer_list: all that is said to %s is logged, but not the content', async (who, is) => {
    const server = await new FakeServer(['PIPELINING']).listen()
    const isDebugPeer = ({ address }: { address: string }) => address === who
    const { client, lines } = setUp({ isDebugPeer })
    await client.deliver(delivery(server.nexthop))
    const said = [
      ...['< 220 fake ESMTP', '> EHLO client.test', '< 250-fake', '< 250 PIPELINING'],
      ...['> MAIL FROM:<s@a.test>', '> RCPT TO:<r@b.test>', '> DATA'],
      ...['< 250 2.0.0 ok', '< 250 2.0.0 ok', '< 354 go', '> .', '> QUIT', '< 250 2.0.0 queued'],
    ]
    const relay = `127.0.0.1[127.0.0.1]:${server.port}: `
    expect(lines).toEqual(is ? said.map((line) => line.replace(' ', ` ${relay}`)) : [])
  })

  it.each([
    ['250 2.0.0 ok', 'deferred', 'MAIL FROM:<s@a.test>'],
    ['250 2.0.0 queued', 'deferred', 'DATA'],
    ['221 bye', 'sent', 'QUIT'],
  ])('C-41: no answer of the filter for %j: %s, and nothing behind %s', async (bad, kind, last) => {
    const replies = { QUIT: '221 bye', EHLO: '250 fake', '.': '250 2.0.0 queued' }
    const server = await new FakeServer([], replies).listen()
    const lookup = async (line: string) => {
      if (line === bad) throw new Error('down')
      return line === '220 fake ESMTP' ? '220 other' : undefined
    }
    const replyFilter = { table: 'fail:x', lookup }
    const { client, lines } = setUp({ replyFilter, skipQuitResponse: false })
    const { outcomes } = await client.deliver(delivery(server.nexthop))
    await client.close()
    const relay = `127.0.0.1[127.0.0.1]:${server.port}`
    expect(outcomes).toMatchObject([{ kind, relay }])
    if (kind === 'deferred') {
      const text = 'local data error while talking to 127.0.0.1[127.0.0.1]'
      expect(outcomes).toMatchObject([{ status: '4.3.0', text }])
    }
    expect(lines).toEqual([
      `${relay}: replacing server reply "220 fake ESMTP" with "220 other"`,
      `warning: QID: table fail:x lookup error for ${bad}`,
    ])
    expect(server.commands.at(-1)).toBe(last)
  })

  it('C-3: a next hop that makes no sense defers, and says why', async () => {
    const { client, lines, fields } = setUp()
    const { outcomes, blame } = await client.deliver(delivery('[b.test'))
    const reason = 'missing "]" in server description: [b.test'
    expect(outcomes).toMatchObject([{ kind: 'deferred', status: '4.3.5', text: reason }])
    expect(blame).toEqual({ status: '4.3.5', reason })
    expect(lines).toEqual([`fatal: ${reason}`])
    expect(fields).toEqual([{ queueId: 'QID' }])
  })

  it('C-31: connect timeout', async () => {
    const { client, lines, fields } = setUp(
      { connectTimeoutMs: 10 },
      { connect: () => new Socket() },
    )
    const { outcomes } = await client.deliver(delivery('[192.0.2.1]:25'))
    const text = 'connect to 192.0.2.1[192.0.2.1]:25: Connection timed out'
    expect(outcomes).toMatchObject([{ kind: 'deferred', status: '4.4.1', relay: 'none', text }])
    expect(lines).toEqual([text])
    expect(fields).toEqual([{ queueId: 'QID', relay: '192.0.2.1[192.0.2.1]:25' }])
  })

  it('C-91, C-185: with soft_bounce a HELO 5xx is kept for the next server', async () => {
    const bad = await new FakeServer([], { EHLO: '502 no', HELO: '550 5.7.1 no' }).listen()
    const good = await new FakeServer([]).listen()
    const { client, lines, fields } = setUp({ softBounce: true })
    const { outcomes } = await client.deliver(delivery(`${bad.nexthop} ${good.nexthop}`))
    expect(outcomes).toMatchObject([{ kind: 'sent' }])
    const host = '127.0.0.1[127.0.0.1]'
    const reason = `host ${host} refused to talk to me: 550 5.7.1 no`
    expect(lines).toEqual([`QID: ${reason}`])
    expect(fields).toEqual([{ queueId: 'QID', relay: `${host}:${bad.port}`, reason }])
  })

  it('C-85, C-91: who is rejected softly, and kept, is not delivered with the others', async () => {
    const first = await new FakeServer(['PIPELINING'], { 'RCPT TO:<b': '450 4.2.1 later' }).listen()
    const second = await new FakeServer(['PIPELINING'], { 'RCPT TO:<b': '550 5.1.1 no' }).listen()
    const { client } = setUp()
    const recipients = [{ address: 'a@b.test' }, { address: 'b@b.test' }]
    const nexthop = `${first.nexthop}, ${second.nexthop}`
    const { outcomes } = await client.deliver(delivery(nexthop, { recipients }))
    expect(outcomes).toMatchObject([
      { kind: 'sent', relay: `127.0.0.1[127.0.0.1]:${first.port}` },
      { kind: 'bounced', relay: `127.0.0.1[127.0.0.1]:${second.port}` },
    ])
    expect(second.commands).not.toContain('RCPT TO:<a@b.test>')
  })

  it('C-87: waits for the reply to QUIT if told to, but not for ever', async () => {
    const server = await new FakeServer([], { QUIT: '250-never ending' }).listen()
    const { client } = setUp({ skipQuitResponse: false, quitTimeoutMs: 50 })
    const startMs = performance.now()
    const { outcomes } = await client.deliver(delivery(server.nexthop))
    expect(outcomes[0]?.kind).toBe('sent')
    await client.close()
    expect(performance.now() - startMs).toBeGreaterThan(45)
  })

  it('tells when the session was ready and when the attempt ended', async () => {
    const server = await new FakeServer([]).listen()
    let now = 0
    const clock = { now: () => ++now, after: () => () => undefined }
    const { client } = setUp({}, { clock })
    const { outcomes } = await client.deliver(delivery(server.nexthop))
    const { setupDoneMs = 0, doneMs, remoteMta, diagnostic } = outcomes[0]!
    expect(setupDoneMs).toBeGreaterThan(0)
    expect(doneMs).toBeGreaterThan(setupDoneMs)
    expect({ remoteMta, diagnostic }).toEqual({
      remoteMta: '127.0.0.1',
      diagnostic: '250 2.0.0 queued',
    })
  })
})

describe('reuse', () => {
  const reuse = { load: true, store: true }

  it('C-117, C-120: stores by destination and endpoint, and finds by either', async () => {
    const server = await new FakeServer(['PIPELINING']).listen()
    const cache = new OneSession()
    const { client } = setUp({}, { cache })
    await client.deliver(delivery(server.nexthop, { reuse }))
    expect(cache.labels).toHaveLength(2)
    // Another notation of the same server is another destination, but the same endpoint.
    const nexthop = server.nexthop.replace(/[[\]]/g, '')
    const { outcomes } = await client.deliver(delivery(nexthop, { reuse }))
    expect(outcomes).toMatchObject([{ kind: 'sent', connUse: 2 }])
    expect(server.sockets).toHaveLength(1)
    cache.close()
  })

  it('C-121: a session that the server has closed is no failure', async () => {
    const server = await new FakeServer(['PIPELINING']).listen()
    const cache = new OneSession()
    const { client, lines } = setUp({}, { cache })
    await client.deliver(delivery(server.nexthop, { reuse }))
    server.sockets[0]!.destroy()
    await nextTurn()
    const { outcomes } = await client.deliver(delivery(server.nexthop, { reuse }))
    expect(outcomes).toMatchObject([{ kind: 'sent', connUse: undefined }])
    expect(lines).toEqual([])
    cache.close()
  })

  const content = 'Hi: x\r\n\r\nhello\r\n.\r\n'

  /** Delivers twice; `writes` is what was written after the first delivery, by connection. */
  async function deliverTwice(
    server: FakeServer,
    changed: Partial<SmtpClientOptions> = {},
    second: Partial<SmtpDelivery> = {},
  ) {
    const cache = new OneSession()
    const spy = (socket: Socket) => vi.spyOn(socket, 'write')
    const spies: ReturnType<typeof spy>[] = []
    const sockets: Socket[] = []
    const connectAndSpy = (host: string, port: number): Socket => {
      const socket = connect({ host, port })
      spies.push(spy(socket))
      sockets.push(socket)
      return socket
    }
    const { client, lines } = setUp(changed, { cache, connect: connectAndSpy })
    await client.deliver(delivery(server.nexthop, { reuse }))
    spies[0]?.mockClear()
    const { outcomes, blame } = await client.deliver(delivery(server.nexthop, { reuse, ...second }))
    const writes = spies.map(({ mock }) => mock.calls.map(([data]) => data.toString()))
    cache.close()
    return { outcomes, blame, lines, writes, sockets }
  }

  it('C-121: a server with PIPELINING gets RSET and the commands behind it in one write', async () => {
    const server = await new FakeServer(['PIPELINING']).listen()
    const { outcomes, writes } = await deliverTwice(server)
    expect(outcomes).toMatchObject([{ kind: 'sent', connUse: 2 }])
    const group = 'RSET\r\nMAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n'
    expect(writes).toEqual([[group, content]])
    expect(server.messages).toHaveLength(2)
  })

  it.each([
    ['no PIPELINING', ['8BITMIME'], {}],
    ['PIPELINING not wanted', ['PIPELINING'], { discardEhloKeywords: ['pipelining'] }],
  ])('C-121: %s: RSET goes alone', async (_, keywords, changed) => {
    const server = await new FakeServer(keywords).listen()
    const { outcomes, writes } = await deliverTwice(server, changed)
    expect(outcomes).toMatchObject([{ kind: 'sent', connUse: 2 }])
    expect(writes[0]?.map((text) => text.slice(0, 4))).toEqual([
      'RSET',
      'MAIL',
      'RCPT',
      'DATA',
      content.slice(0, 4),
    ])
  })

  // Limits of one: a session that was no good any more does not count.
  const one = { mxAddressLimit: 1, mxSessionLimit: 1, rsetTimeoutMs: 30 }
  it.each([
    ['answers 421', ['PIPELINING'], '421 4.3.2 closing'],
    ['answers 550', ['PIPELINING'], '550 5.0.0 no'],
    ['answers 354', ['PIPELINING'], '354 what?'],
    ['closes', ['PIPELINING'], CLOSE],
    ['says nothing', ['PIPELINING'], SILENCE],
    ['answers 421', [], '421 4.3.2 closing'],
    ['closes', [], CLOSE],
    ['says nothing', [], SILENCE],
  ])('C-121: after RSET the server %s, %j: a new connection', async (_, keywords, rset) => {
    const server = await new FakeServer(keywords, { RSET: rset }).listen()
    const recipients = [{ address: 'a@b.test' }, { address: 'b@b.test' }]
    const report = await deliverTwice(server, one, { recipients })
    const sent = { kind: 'sent', connUse: undefined }
    expect(report.outcomes).toMatchObject([sent, sent])
    expect(report.blame).toBeUndefined()
    expect(report.lines).toEqual([])
    expect(report.writes).toHaveLength(2)
    expect(report.writes[0]).toHaveLength(1) // No content, no QUIT.
    expect(report.sockets[0]?.destroyed).toBe(true)
    expect(server.messages).toHaveLength(2)
    expect(server.sockets).toHaveLength(2)
  })

  it('C-121: a session that is no good makes room for another kept one', async () => {
    const good = await new FakeServer(['PIPELINING']).listen()
    const tired = await new FakeServer(['PIPELINING'], { RSET: '421 4.3.2 closing' }).listen()
    const kept: SmtpSession[] = []
    const cache: SessionCache = {
      store: (_, session) => void kept.push(session),
      take: (label) => (label.startsWith('destination') ? kept.pop() : undefined),
    }
    const { client, lines } = setUp({}, { cache })
    const stored = { reuse: { load: false, store: true } }
    await client.deliver(delivery(good.nexthop, stored))
    await client.deliver(delivery(tired.nexthop, stored))
    const { outcomes } = await client.deliver(delivery(tired.nexthop, { reuse }))
    const relay = `127.0.0.1[127.0.0.1]:${good.port}`
    expect(outcomes).toMatchObject([{ kind: 'sent', relay, connUse: 2 }])
    expect([good.sockets.length, tired.sockets.length]).toEqual([1, 1])
    expect([good.messages.length, tired.messages.length]).toEqual([2, 1])
    expect(lines).toEqual([])
    for (const session of kept) session.connection.close()
  })

  it('C-121: lost after a good reply to RSET is lost in MAIL', async () => {
    const server = await new FakeServer(['PIPELINING'], { 'MAIL FROM:<late': CLOSE }).listen()
    const { outcomes, blame, writes } = await deliverTwice(server, {}, { sender: 'late@a.test' })
    const text = 'lost connection with 127.0.0.1[127.0.0.1] while sending MAIL FROM'
    expect(outcomes).toMatchObject([{ kind: 'deferred', status: '4.4.2', text, connUse: 2 }])
    expect(blame).toEqual({ status: '4.4.2', reason: text })
    expect(writes).toHaveLength(1)
  })

  it('C-119: does not apply the size limit of long ago', async () => {
    const server = await new FakeServer(['PIPELINING', 'SIZE 100']).listen()
    const cache = new OneSession()
    const { client } = setUp({}, { cache })
    await client.deliver(delivery(server.nexthop, { reuse }))
    const large = delivery(server.nexthop, { reuse, contentSize: 1000 })
    expect((await client.deliver(large)).outcomes).toMatchObject([{ kind: 'sent', connUse: 2 }])
    cache.close()
  })

  it('C-117: the destination leads to the session with its best server only', async () => {
    const busy = await new FakeServer([], { 'MAIL FROM': '450 4.2.0 later' }).listen()
    const server = await new FakeServer([]).listen()
    const stored: number[] = []
    const cache: SessionCache = {
      store: (labels, session, _, close) => {
        stored.push(labels.length)
        close(session)
      },
      take: () => undefined,
    }
    const { client } = setUp({}, { cache })
    await client.deliver(delivery(`${busy.nexthop} ${server.nexthop}`, { reuse }))
    expect(stored).toEqual([2, 1])
  })

  it('C-120: does not contact a server again that a kept session led to', async () => {
    const server = await new FakeServer([], { 'RCPT TO:<late': '450 4.2.1 later' }).listen()
    const cache = new OneSession()
    const { client } = setUp({}, { cache })
    await client.deliver(delivery(server.nexthop, { reuse }))
    const recipients = [{ address: 'late@b.test' }]
    const nexthop = `${server.nexthop} ${server.nexthop}`
    const { outcomes } = await client.deliver(delivery(nexthop, { recipients, reuse }))
    expect(outcomes).toMatchObject([{ kind: 'deferred', status: '4.2.1', relay: 'none' }])
    expect(server.commands.filter((line) => line.startsWith('RCPT TO:<late'))).toHaveLength(1)
    cache.close()
  })

  it('C-112: without leave of the queue manager nothing is kept', async () => {
    const server = await new FakeServer(['PIPELINING']).listen()
    const cache = new OneSession()
    const { client } = setUp({ cacheOnDemand: false }, { cache })
    await client.deliver(delivery(server.nexthop, { reuse }))
    expect(cache.labels).toEqual([])
  })
})

it('close waits for the deliveries that run', async () => {
  const server = await new FakeServer([]).listen()
  const { client } = setUp()
  let ended = false
  void client.deliver(delivery(server.nexthop)).then(() => {
    ended = true
  })
  await client.close()
  expect(ended).toBe(true)
})
