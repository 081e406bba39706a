import assert from 'node:assert/strict'

import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'

import {
  createQmqpServer,
  type QmqpMessage,
  type QmqpReply,
  type QmqpServerOptions,
} from '../src/index.ts'
import { asSocket, MemorySocket } from './memory-socket.ts'
import { chunksOf, mutatedRequest } from './mutations.ts'
import type { Random } from './random.ts'
import { outcomeOf } from './reader-fuzz.ts'
import { expectedOutcome } from './reference-parser.ts'

const ID = '4F8A023020C'
const LIMITS = { messageSizeLimit: 200, lineLengthLimit: 40, verpDelimiterFilter: '-=+' }
const REPLIES: readonly QmqpReply[] = [
  { kind: 'ok', text: `Ok: queued as ${ID}` },
  { kind: 'ok', text: `Ok: queued as ${ID}` },
  { kind: 'temporary', text: 'Error: queue file write error' },
  { kind: 'permanent', text: 'Error: 5.7.1 go away' },
]
const ENDINGS = ['eof', 'reset', 'none'] as const

/** One mutated request through a server, over a socket in memory. @throws AssertionError */
export async function fuzzServer(random: Random): Promise<void> {
  const session = new Session(random)
  await session.run()
  session.check()
}

class Session {
  readonly #random: Random
  readonly #bytes: Buffer
  readonly #ending: (typeof ENDINGS)[number]
  readonly #socket: MemorySocket
  readonly #clock = new VirtualClock()
  readonly #log = memoryLogger()
  readonly #opened: string[] = []
  readonly #aborted: string[] = []
  readonly #messages: QmqpMessage[] = []

  constructor(random: Random) {
    this.#random = random
    this.#bytes = mutatedRequest(random)
    this.#ending = random.pick(ENDINGS)
    this.#socket = new MemorySocket(!random.oneIn(10))
  }

  async run(): Promise<void> {
    const random = this.#random
    const socket = this.#socket
    const closed = new Promise<void>((resolve) => socket.once('close', resolve))
    const server = createQmqpServer(this.#options())
    server.handle(asSocket(socket))
    for (const chunk of chunksOf(this.#bytes, random)) {
      socket.arrive(chunk)
      if (random.oneIn(4)) await new Promise(setImmediate)
    }
    if (random.oneIn(2)) await new Promise(setImmediate)
    if (this.#ending === 'eof') socket.halfClose()
    else if (this.#ending === 'reset') socket.reset()
    // All waits there are: for the reply, for the client to go, for the whole.
    await this.#clock.run(1_000_000)
    await closed
    await server.drain()
  }

  #options(): QmqpServerOptions<{ id: string }> {
    const random = this.#random
    const isAuthorized = !random.oneIn(10)
    const failure = random.pick(['open', 'onMessage', ...Array<string>(8).fill('none')])
    const reply = random.pick(REPLIES)
    return {
      ...LIMITS,
      timeoutMs: random.pick([10_000, 500_000]),
      errorDelayMs: random.pick([0, 1000]),
      daemonTimeoutMs: 100_000,
      maxConnections: 1,
      softBounce: random.oneIn(2),
      clientPortLogging: random.oneIn(2),
      clock: this.#clock,
      log: this.#log.logger,
      debugLevel: () => random.pick([0, 0, 3]),
      authorize: () => (random.oneIn(2) ? isAuthorized : Promise.resolve(isAuthorized)),
      open: async () => {
        if (failure === 'open') throw new Error('no space')
        this.#opened.push(ID)
        return { id: ID }
      },
      onMessage: async (message) => {
        this.#messages.push(message)
        if (failure === 'onMessage') throw new Error('no space')
        return reply
      },
      onAbort: ({ id }) => void this.#aborted.push(id),
    }
  }

  check(): void {
    const { lines } = this.#log
    assert.match(lines[0] ?? '', /^connect from /)
    assert.match(lines.at(-1) ?? '', /^disconnect from /)
    assert.equal(this.#messages.length + this.#aborted.length, this.#opened.length)
    const sent = Buffer.concat(this.#socket.sent).toString('latin1')
    assert.match(sent, /^(?:$|[1-9]\d*:[KZD])/)
    if (sent !== '') assert.equal(sent.length, replyLength(sent), `one reply, not ${sent}`)
    const [message] = this.#messages
    if (sent.includes(':K')) assert(message !== undefined && message.recipients.length > 0)
    if (message !== undefined) this.#checkMessage(message)
  }

  #checkMessage(message: QmqpMessage): void {
    const text = this.#bytes.toString('latin1')
    const outcome = outcomeOf({ kind: 'complete', request: message })
    assert.equal(outcome, expectedOutcome(text, LIMITS, 'more'))
  }
}

function replyLength(reply: string): number {
  const colon = reply.indexOf(':')
  return colon + 1 + Number(reply.slice(0, colon)) + 1
}
