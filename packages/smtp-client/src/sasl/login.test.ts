import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:net'

import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, expect, it } from 'vitest'

import { options as defaults } from '../../test/options.ts'
import { type SaslOptions, type SessionCache, SmtpClient, type SmtpSession } from '../index.ts'

const NAME = 'mx.example'
const HOST = `${NAME}[127.0.0.1]`
const DAY_MS = 86_400_000

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** What a server says to AUTH, and to each line until it has said something other than 334. */
type Answer = (line: string) => string

interface Listening {
  readonly port: number
  /** AUTH commands and MAIL commands, of each connection. */
  readonly said: string[][]
}

async function listen(mechanisms: string, answers: () => Answer): Promise<Listening> {
  const said: string[][] = []
  const server = createServer((socket) => {
    const lines: string[] = []
    said.push(lines)
    let answer: Answer | undefined
    socket.on('error', () => undefined)
    socket.write('220 mx ESMTP\r\n')
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
        if (/^(AUTH|MAIL)/.test(line)) lines.push(line)
        if (line.startsWith('AUTH')) answer = answers()
        const reply = answer?.(line) ?? plainReply(line, mechanisms)
        if (!reply.startsWith('334')) answer = undefined
        if (reply !== '') socket.write(`${reply}\r\n`)
      }
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, said }
}

function plainReply(line: string, mechanisms: string): string {
  if (line.startsWith('EHLO')) return `250-mx\r\n250 AUTH ${mechanisms}`
  if (line === 'DATA') return '354 go ahead'
  return /^(MAIL|RCPT|RSET|QUIT|\.$)/.test(line) ? '250 2.0.0 ok' : ''
}

class Kept implements SessionCache {
  readonly #sessions: { labels: readonly string[]; session: SmtpSession }[] = []

  store(labels: readonly string[], session: SmtpSession): void {
    this.#sessions.push({ labels, session })
  }

  take(label: string): SmtpSession | undefined {
    const at = this.#sessions.findIndex(({ labels }) => labels.includes(label))
    return at < 0 ? undefined : this.#sessions.splice(at, 1)[0]?.session
  }
}

const SASL: SaslOptions = {
  passwords: (key) => (key === NAME ? 'user:pencil' : undefined),
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
  randomBytes,
}

function client(port: number, sasl: Partial<SaslOptions> = {}) {
  const clock = new VirtualClock()
  const smtp = new SmtpClient(
    { ...defaults, sasl: { ...SASL, ...sasl } },
    {
      lookup: () => ({
        kind: 'found',
        servers: [{ name: NAME, address: '127.0.0.1', family: 4, port, preference: 10 }],
        last: false,
      }),
      cache: new Kept(),
      clock,
      log: memoryLogger().logger,
    },
  )
  const deliver = async (sender = 's@example.org') => {
    const { outcomes } = await smtp.deliver({
      queueId: 'QUEUEID',
      nexthop: 'example.com',
      sender,
      recipients: [{ address: 'r@example.com' }],
      contentSize: 10,
      encoding: '7bit',
      sendOptions: 0,
      content: () => [Buffer.from('\nbody\n')],
      reuse: { load: true, store: true },
    })
    const { status, text, connUse } = outcomes[0]!
    return { status, text, connUse }
  }
  return { deliver, clock }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const decoded = (text: string): string => Buffer.from(text, 'base64').toString()

/** RFC 5802, as a server. */
function scramServer(password: string, kind: 'honest' | 'ignorant' | 'endless'): Answer {
  const salt = Buffer.from('salt')
  const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  let first = ''
  let serverFirst = ''
  let last = ''
  let step = 0
  return (line) => {
    if (step++ === 0) {
      first = decoded(line.split(' ')[2]!).slice('n,,'.length)
      const nonce = `${/r=(.*)$/.exec(first)![1]}server`
      serverFirst = `r=${nonce},s=${salt.toString('base64')},i=4096`
      return `334 ${base64(serverFirst)}`
    }
    if (step > 2) return kind === 'endless' ? last : '235 2.7.0 ok'
    const [, withoutProof = '', proof = ''] = /^(.*),p=(.*)$/.exec(decoded(line))!
    const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256')
    const message = `${first},${serverFirst},${withoutProof}`
    const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest()
    const signature = hmac(stored, message)
    const clientKey = Buffer.from(proof, 'base64').map((byte, at) => byte ^ signature[at]!)
    const isRight = createHash('sha256').update(clientKey).digest().equals(stored)
    if (kind === 'ignorant') return '235 2.7.0 of course'
    if (!isRight) return '535 5.7.8 no'
    last = `334 ${base64(`v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`)}`
    return last
  }
}

it('RFC 5802: logs in with SCRAM, and has the server prove itself', async () => {
  const { port, said } = await listen('SCRAM-SHA-256 PLAIN', () => scramServer('pencil', 'honest'))
  expect(await client(port).deliver()).toMatchObject({ status: '2.0.0' })
  expect(said[0]?.[0]).toMatch(/^AUTH SCRAM-SHA-256 /)
})

it('RFC 5802: a server that does not know the password is not trusted with mail', async () => {
  const { port, said } = await listen('SCRAM-SHA-256', () => scramServer('pencil', 'ignorant'))
  const reason = 'the server has not proven who it is'
  const text = `SASL authentication failed; cannot authenticate to server ${HOST}: ${reason}`
  expect(await client(port).deliver()).toMatchObject({ status: '4.7.0', text })
  expect(said[0]).toHaveLength(1)
})

it('C-72: a server that asks for ever is left', async () => {
  const { port } = await listen('SCRAM-SHA-256', () => scramServer('pencil', 'endless'))
  const text = `SASL authentication failed; authentication protocol loop with server ${HOST}`
  expect(await client(port).deliver()).toMatchObject({ status: '4.3.0', text })
})

it('C-67, C-129: a session is for the senders of one login alone', async () => {
  const { port, said } = await listen('PLAIN', () => () => '235 2.7.0 ok')
  const passwordsOfSenders = (sender: string) => (sender === 'a@x.example' ? 'a:a' : undefined)
  const { deliver } = client(port, { passwordsOfSenders })
  expect(await deliver('a@x.example')).toMatchObject({ status: '2.0.0', connUse: undefined })
  expect(await deliver('b@x.example')).toMatchObject({ status: '2.0.0', connUse: undefined })
  expect(await deliver('a@x.example')).toMatchObject({ status: '2.0.0', connUse: 2 })
  expect(said.map(([login]) => decoded(login!.split(' ')[2]!))).toEqual([
    ...['\0a\0a', '\0user\0pencil'],
  ])
})

it.each([
  ['535 5.7.8 no', '4.7.8'],
  ['454 4.7.0 later', '4.7.0'],
  ['199 what', '5.5.0'],
])('C-73: %s to a login is softened if it is a 5xx reply: %s', async (reply, status) => {
  const { port } = await listen('PLAIN', () => () => reply)
  expect(await client(port).deliver()).toMatchObject({ status })
})

it('C-74: a login that failed is not tried again, unless something has changed', async () => {
  const { port, said } = await listen('PLAIN', () => () => '535 5.7.8 no')
  let password = 'user:pencil'
  const { deliver, clock } = client(port, {
    passwords: () => password,
    failureCacheMs: DAY_MS,
  })
  const live = `SASL authentication failed; server ${HOST} said: 535 5.7.8 no`
  const cached = `SASL [CACHED] authentication failed; server ${NAME} said: 535 5.7.8 no`
  expect(await deliver()).toMatchObject({ status: '4.7.8', text: live })
  expect(await deliver()).toMatchObject({ status: '4.7.8', text: cached })
  await clock.run(clock.now() + DAY_MS + 1)
  expect(await deliver()).toMatchObject({ text: live })
  password = 'user:pen'
  expect(await deliver()).toMatchObject({ text: live })
  expect(said.filter((lines) => lines.length > 0)).toHaveLength(3)
})

it('C-67: without a delimiter there is no password', async () => {
  const { port, said } = await listen('PLAIN', () => () => '235 2.7.0 ok')
  await client(port, { passwords: () => 'user' }).deliver()
  expect(said[0]?.[0]).toBe(`AUTH PLAIN ${base64('\0user\0')}`)
})

it('says on whose behalf, if it is told to', async () => {
  const { port, said } = await listen('PLAIN', () => () => '235 2.7.0 ok')
  await client(port, {
    sendAuthorizationId: true,
    delimiter: '/',
    passwords: () => 'u/p',
  }).deliver()
  expect(said[0]?.[0]).toBe(`AUTH PLAIN ${base64('u\0u\0p')}`)
})
