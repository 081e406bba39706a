import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { splitAddress } from '@posthouse/mail-address'
import { describe, expect, it } from 'vitest'

import { SETTINGS, World } from '../test/harness.ts'
import { type NewMemoryMessage, StoreError } from '../test/memory-store.ts'
import type {
  DeliveryReport,
  DeliveryRequest,
  QueueManager,
  QueueManagerOptions,
  Resolution,
  TransportSettings,
} from './index.ts'

// Recorded from Postfix 3.7.11. Time, host, process and queue ids, and delays are masked.
const recordingOf = (name: string) =>
  readFileSync(join(import.meta.dirname, `../vectors/qmgr-${name}.txt`), 'utf8')

/** Of programs that are not in this package, or what they say beside the ends of deliveries. */
const OTHERS = [
  /^(cleanup|postsuper|postfix-script|master|verify|bounce): /,
  /^smtp: connect to /, // A line of the SMTP client itself.
  /^tst: /, // An agent made for the recordings: it logs nothing.
]

/** What Postfix logged, as this package would: `program: text`. */
function recorded(name: string): string[] {
  return recordingOf(name)
    .split('\n')
    .filter((line) => line.startsWith('TIME HOST postfix/'))
    .map((line) => line.replace(/^TIME HOST postfix\/([\w-]+)\[PID\]: /, '$1: '))
    .filter(isCompared)
}

function logged({ lines }: World): string[] {
  const delays = / delay=[\d.]+, delays=[\d.]+\/[\d.]+\/[\d.]+\/[\d.]+, /
  return lines.map((line) => line.replace(delays, ' delay=D, delays=A/B/C/D, ')).filter(isCompared)
}

function isCompared(line: string): boolean {
  return !OTHERS.some((other) => other.test(line))
}

/**
 * Lines by queue id. Messages, and deliveries of one message, go on at the same time: the order of
 * messages, and of recipients between two other lines of their message, says nothing.
 */
function byMessage(lines: readonly string[]): Record<string, string[]> {
  const messages: Record<string, string[][]> = {}
  for (const line of lines) {
    const id = /QID\d/.exec(line)?.[0] ?? 'none'
    messages[id] ??= [[]]
    const runs = messages[id]
    const last = runs.at(-1)!
    const isDelivery = (text: string | undefined) => text?.includes(': to=<') === true
    if (last.length === 0 || (isDelivery(line) && isDelivery(last[0]))) last.push(line)
    else runs.push([line])
  }
  const sorted = Object.entries(messages).map(([id, runs]) => [id, runs.flatMap((r) => r.sort())])
  return Object.fromEntries(sorted)
}

/** What differs by design: a line of Postfix, ours in its place, and why. */
interface Difference {
  readonly theirs: string
  readonly ours: readonly string[]
  readonly why: string
}

const DEAD_AGENT = 'recipients of an agent that died are logged and deferred'
const NO_AGENT = 'a transport without agent logs another reason'
const INSIDE = '`error` and `retry` are handled inside'
const IN_PROCESS = '`error` and `retry` write to the bounce log themselves'
const STORE = 'it is said by the store, of which there is only a fake here'

const DELAYS = 'relay=none, delay=D, delays=A/B/C/D'
const malformed = 'qmgr: warning: private/tst socket: malformed response'
const noSocket = 'qmgr: warning: connect to transport private/noexist: No such file or directory'
const noAgent =
  'qmgr: warning: connect to transport private/noexist: no delivery agent of this name'
const died = (id: string) => `qmgr: warning: ${id}: no answer from transport tst: closed`
const lost = (id: string, to: string) =>
  `error: ${id}: to=<${to}>, ${DELAYS}, dsn=4.3.0, status=deferred (unknown mail transport error)`

const DIFFERENCES: Record<string, readonly Difference[]> = {
  'transport-unavailable': [
    { theirs: noSocket, ours: [noAgent], why: NO_AGENT },
    { theirs: noSocket, ours: [noAgent], why: NO_AGENT },
  ],
  'retry-service-down': [
    { theirs: noSocket, ours: [noAgent], why: NO_AGENT },
    {
      theirs: 'qmgr: warning: connect to transport private/retry: Connection refused',
      ours: [],
      why: INSIDE,
    },
  ],
  'bounce-service-down': [
    {
      theirs: 'error: warning: connect to private/bounce: Connection refused',
      ours: ['qmgr: warning: QID1: bounce service failure: no service "bounce" in master.cf'],
      why: IN_PROCESS,
    },
  ],
  'agent-crash': [
    { theirs: malformed, ours: [died('QID1'), lost('QID1', 'a@c1.tst')], why: DEAD_AGENT },
  ],
  'agent-crash-dead': [
    { theirs: malformed, ours: [died('QID1'), lost('QID1', 'a@c1.tst')], why: DEAD_AGENT },
    { theirs: malformed, ours: [died('QID2'), lost('QID2', 'b@c2.tst')], why: DEAD_AGENT },
    { theirs: malformed, ours: [died('QID2'), lost('QID2', 'c@c3.tst')], why: DEAD_AGENT },
  ],
  'config-warnings': [
    {
      theirs:
        'qmgr: warning: tst_destination_concurrency_positive_feedback: ' +
        'ignoring malformed or unreasonable feedback: 1/sqrt_concurrency',
      ours: [],
      why: 'it is said by who reads main.cf',
    },
  ],
  corrupt: [
    {
      theirs: 'qmgr: warning: active/QID1: unexpected EOF in data, record type 103 length 97',
      ours: [],
      why: STORE,
    },
    ...['QID1', 'QID3'].map((id) => ({
      theirs: `qmgr: warning: ${id}: message rejected: missing end record`,
      ours: [],
      why: STORE,
    })),
    {
      theirs: 'qmgr: QID3: from=<A@disc.test>, size=302, nrcpt=1 (queue active)',
      ours: [],
      why: 'a message is announced when it is read whole',
    },
  ],
}

// Not played: agent-handshake and delivery-request (agents are called, there is no protocol),
// skipped-locked (there are no locks).

/** What is recorded, but for the differences: each of them must be there. */
function expectedLines(name: string): string[] {
  const lines = recorded(name)
  for (const { theirs, ours, why } of DIFFERENCES[name] ?? []) {
    const at = lines.indexOf(theirs)
    expect(at, `no such line in ${name}: ${theirs} (${why})`).not.toBe(-1)
    lines.splice(at, 1, ...ours)
  }
  return lines
}

const PORTS: Record<string, number> = { 'z.smtpdead': 7299, 'z.smtpdead2': 7298 }

/** As the transport table of the recordings: the domain says it all. */
function resolve(recipient: string): Resolution {
  const domain = splitAddress(recipient).domain ?? ''
  const route = (transport: string, nexthop = domain) =>
    ({ kind: 'route', transport, nexthop, recipient }) as const
  if (domain === 'foo..bar') return { kind: 'bad-address' }
  if (domain === 'foo.tst') return { kind: 'temporary-failure' }
  if (domain === 'mx.example.test') return { ...route('local'), addressClass: 'local' }
  if (domain === 'err.test') return route('error', '5.1.1 no such user')
  if (domain === 'deadx.test') return route('noexist')
  if (domain in PORTS) return route('smtp')
  return route(domain.endsWith('.tst') ? 'tst' : 'discard')
}

/** A machine with the agents of the recordings. */
class Stage {
  readonly world: World
  /** Hosts that answer. */
  readonly up = new Set<string>()
  /** Of notifications, by queue id. */
  sizes: Record<string, { contentLength: number }> = {}
  resolve = resolve
  /** What the agent `tst` does. */
  crashes = false
  defers = false
  corrupts = false
  #manager: QueueManager | undefined
  #notices = 0

  constructor(options: Partial<QueueManagerOptions>, settings: Partial<TransportSettings>) {
    const transport = () => ({ ...SETTINGS, ...settings })
    const hostname = 'mx.example.test'
    this.world = new World((request) => this.#deliver(request), { transport, hostname, ...options })
    this.world.down.add('noexist')
    this.world.ports = { resolve: (_, recipient) => this.resolve(recipient) }
    // A notification is mail to the sender.
    this.world.send = async ({ message }) => {
      this.#notices += 1
      if (message.sender === '') return
      const id = `QID${this.#notices + 1}`
      this.#accept({ id, sender: '', recipients: [message.sender], ...this.sizes[id] })
    }
  }

  get manager(): QueueManager {
    this.#manager ??= this.world.manager()
    return this.#manager
  }

  /** Another queue manager on the same queue. */
  async restart(options: Partial<QueueManagerOptions> = {}): Promise<void> {
    await this.#manager?.drain()
    this.world.options = { ...this.world.options, ...options }
    this.#manager = this.world.manager()
    await this.#manager.start()
  }

  async mail(id: string, contentLength: number, rest: NewMemoryMessage): Promise<void> {
    this.#accept({ id, contentLength, ...rest })
    await this.world.run(1)
  }

  /** As postqueue(1) and others do. */
  async trigger(text: string): Promise<void> {
    this.manager.trigger(Buffer.from(text))
    await this.world.run(1)
  }

  #accept(message: NewMemoryMessage): void {
    this.manager.accept(this.world.store.add(message, 'incoming', this.world.clock.now()))
  }

  async #deliver(request: DeliveryRequest): Promise<DeliveryReport> {
    const { world } = this
    const { transport, nexthop } = request
    await world.wait(10)
    const relay = 'none'
    if (transport === 'tst') {
      if (this.crashes) throw new Error('closed')
      if (this.defers) {
        return { ...world.outcomes(request, 'deferred'), isCorrupt: this.corrupts }
      }
    }
    const port = PORTS[nexthop]
    if (port === undefined) return world.outcomes(request, 'sent', { relay, text: nexthop })
    const host = `127.0.0.1[127.0.0.1]:${port}`
    if (this.up.has(nexthop)) {
      return world.outcomes(request, 'sent', { relay: host, text: '250 2.0.0 Ok' })
    }
    const reason = `connect to ${host}: Connection refused`
    const failed = { status: '4.4.1', relay, text: reason }
    return {
      ...world.outcomes(request, 'deferred', failed),
      blame: { status: '4.4.1', reason },
    }
  }
}

interface Scene {
  readonly options?: Partial<QueueManagerOptions>
  readonly settings?: Partial<TransportSettings>
  readonly play: (stage: Stage) => Promise<void>
}

const A = 'A@disc.test'
const sender = A
const dead = ['a@z.smtpdead']

const SCENES: Record<string, Scene> = {
  normal: {
    async play(stage) {
      await stage.mail('QID1', 287, { sender, recipients: ['w@disc.test', 'z@disc.test'] })
      await stage.mail('QID2', 241, { sender: '', recipients: ['u@disc.test'] })
      const quoted = { sender: 'a b@disc.test', recipients: ['c d@disc.test'] }
      await stage.mail('QID3', 250, quoted)
      await stage.restart({ infoLogAddressFormat: 'internal' })
      await stage.mail('QID4', 250, quoted)
    },
  },
  'dead-destination': {
    // The recording has agents that came up one after the other.
    settings: { destinationRecipientLimit: 2, processLimit: 2 },
    async play(stage) {
      const name = (i: number) => `a${String(i).padStart(2, '0')}@z.smtpdead`
      const recipients = Array.from({ length: 16 }, (_, i) => name(i))
      await stage.mail('QID1', 284, { sender: 'A@x.test', recipients })
      await stage.mail('QID2', 303, { sender: 'B@x.test', recipients: ['b@z.smtpdead'] })
    },
  },
  'transport-unavailable': {
    options: { transportRetryMs: 5000 },
    async play(stage) {
      const recipients = ['a@deadx.test', 'b@deadx.test', 'c@disc.test']
      await stage.mail('QID1', 284, { sender: 'A@x.test', recipients })
      await stage.mail('QID2', 303, { sender: 'B@x.test', recipients: ['d@deadx.test'] })
      await stage.world.run(5)
      await stage.mail('QID3', 303, { sender: 'C@x.test', recipients: ['e@deadx.test'] })
    },
  },
  'defer-transports': {
    options: { deferTransports: ['tst'] },
    async play(stage) {
      await stage.mail('QID1', 287, { sender, recipients: ['u1@one.tst', 'u2@disc.test'] })
      await stage.world.run(300)
      stage.manager.trigger(Buffer.from('D'))
      await stage.world.run(1)
      await stage.trigger('AD')
      await stage.trigger('FAD')
    },
  },
  'delay-warning': {
    options: {
      minimalBackoffMs: 2000,
      maximalBackoffMs: 2000,
      queueRunDelayMs: 2000,
      confirmDelayCleared: true,
    },
    async play(stage) {
      stage.sizes = { QID2: { contentLength: 2466 }, QID3: { contentLength: 2119 } }
      const warningTimeMs = stage.world.clock.now() + 3000
      const recipients = ['a@z.smtpdead2']
      const attempts = () => stage.world.requests.filter((one) => one.transport === 'smtp').length
      await stage.mail('QID1', 307, { sender, recipients, warningTimeMs })
      while (attempts() < 4) await stage.world.run(0.1)
      await stage.world.run(0.1)
      stage.up.add('z.smtpdead2')
      await stage.world.run(10)
    },
  },
  expired: {
    options: { maximalQueueLifetimeMs: 0, bounceQueueLifetimeMs: 0 },
    async play(stage) {
      stage.sizes = { QID2: { contentLength: 2181 } }
      await stage.mail('QID1', 287, { sender, recipients: [...dead, 'b@disc.test'] })
    },
  },
  'expired-null-sender': {
    options: { bounceQueueLifetimeMs: 0 },
    play: (stage) => stage.mail('QID1', 308, { sender: '', recipients: dead }),
  },
  'force-expired': {
    async play(stage) {
      stage.sizes = { QID2: { contentLength: 2200 } }
      await stage.mail('QID1', 306, { sender, recipients: dead })
      const file = stage.world.store.files.get('QID1')!
      file.envelope = { ...file.envelope, isForceExpired: true }
      await stage.trigger('AD')
    },
  },
  'force-expired-hold': {
    async play(stage) {
      stage.sizes = { QID2: { contentLength: 2165 } }
      const held = { id: 'QID1', sender: 'hold@disc.test', recipients: dead }
      const message = { ...held, contentLength: 309, isForceExpired: true }
      stage.world.store.add(message, 'deferred')
      await stage.trigger('AD')
    },
  },
  'double-bounce': {
    play: (stage) =>
      stage.mail('QID1', 287, {
        sender,
        recipients: [
          { address: 'Double-Bounce@mx.example.test', original: 'Double-Bounce' },
          'double-bounce@mx.example.test',
        ],
      }),
  },
  'agent-crash': {
    async play(stage) {
      stage.crashes = true
      await stage.mail('QID1', 303, { sender: 'A@x.test', recipients: ['a@c1.tst'] })
      stage.crashes = false
      await stage.mail('QID2', 299, { sender: 'B@x.test', recipients: ['b@c1.tst'] })
    },
  },
  'agent-crash-dead': {
    settings: { initial: 1 },
    async play(stage) {
      stage.crashes = true
      await stage.mail('QID1', 303, { sender: 'A@x.test', recipients: ['a@c1.tst'] })
      const recipients = ['b@c2.tst', 'c@c3.tst']
      await stage.mail('QID2', 284, { sender: 'B@x.test', recipients })
    },
  },
  corrupt: {
    async play(stage) {
      const { store } = stage.world
      const readEnvelope = store.readEnvelope.bind(store)
      store.readEnvelope = async (id, queue, limit) => {
        if (id === 'QID1' || id === 'QID3') throw new StoreError('corrupt', 'damaged', [])
        return readEnvelope(id, queue, limit)
      }
      const message = { sender, recipients: ['a@one.tst'] }
      const find = async (id: string) => {
        store.add({ id, ...message })
        await stage.trigger('I')
      }
      await find('QID1')
      stage.defers = true
      await stage.mail('QID2', 302, message)
      await find('QID3')
      stage.corrupts = true
      await stage.mail('QID4', 302, message)
      const places = { QID1: 'corrupt', QID2: 'deferred', QID3: 'corrupt', QID4: 'corrupt' }
      expect(store.places()).toEqual(places)
    },
  },
  'config-warnings': {
    options: {
      messageRecipientLimit: 10,
      maximalQueueLifetimeMs: 86_400_000,
    },
    play: (stage) => stage.mail('QID1', 303, { sender, recipients: ['a@one.tst'] }),
  },
  'resolver-failure': {
    play: (stage) => stage.mail('QID1', 245, { sender: 's@disc.test', recipients: ['u@foo.tst'] }),
  },
  'bad-address-syntax': {
    async play(stage) {
      stage.sizes = { QID2: { contentLength: 2052 } }
      await stage.mail('QID1', 245, { sender: 's@disc.test', recipients: ['u@foo..bar'] })
    },
  },
  'verify-pending-limit': {
    options: { pendingProbeLimit: 2 },
    async play(stage) {
      const attributes = new Map([['trace_flags', '256']])
      const probing = { sender: 'double-bounce@mx.example.test', attributes }
      stage.resolve = (recipient) => {
        return { kind: 'route', transport: 'tst', nexthop: 'foo.tst', recipient }
      }
      const mail = [0, 1, 2, 3].map((at) =>
        stage.mail(`QID${at + 1}`, 236, { ...probing, recipients: [`v${at}@foo.tst`] }),
      )
      await Promise.all(mail)
    },
  },
  'retry-service-down': {
    async play(stage) {
      stage.world.down.add('retry')
      await stage.mail('QID1', 287, { sender, recipients: ['w@deadx.test', 'z@deadx.test'] })
    },
  },
  'bounce-service-down': {
    async play(stage) {
      stage.world.missing.add('bounce')
      await stage.mail('QID1', 246, { sender, recipients: ['w@err.test'] })
    },
  },
}

describe('log lines beside those of Postfix', () => {
  it.each(Object.entries(SCENES))('O-24: %s', async (name, { options, settings, play }) => {
    const stage = new Stage(options ?? {}, settings ?? {})
    await stage.manager.start()
    await play(stage)
    expect(byMessage(logged(stage.world))).toEqual(byMessage(expectedLines(name)))
    await stage.manager.drain()
  })
})
