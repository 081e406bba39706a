import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import type { MailServer, MxResult, Nexthop } from '@posthouse/mx-lookup'
import { expect, it } from 'vitest'
import { AnyServer, WHOLE } from '../test/any-server.ts'
import { options as defaults } from '../test/options.ts'
import { VirtualSocket } from '../test/virtual-socket.ts'
import { SmtpClient, type SmtpClientOptions, type SmtpSession } from './index.ts'

const SERVERS: readonly MailServer[] = ['192.0.2.1', '192.0.2.2'].map((address, at) => {
  return { name: `mx${at + 1}.test`, address, family: 4, port: 2525, preference: at }
})
const LIMIT_MS = 600_000

function delivery(nexthop = 'b.test') {
  return {
    queueId: 'QID',
    nexthop,
    sender: 's@a.test',
    recipients: [{ address: 'r@b.test' }],
    contentSize: 6,
    encoding: '7bit' as const,
    sendOptions: 0,
    content: () => [Buffer.from('hello\n')],
    reuse: { load: true, store: true },
  }
}

type Lookup = (nexthop: Nexthop) => MxResult | Promise<MxResult>

/** @param connect to a server. */
function setUp(
  connect: (clock: VirtualClock) => VirtualSocket,
  lookup: Lookup = () => ({ kind: 'found', servers: [...SERVERS], last: false }),
  options: Partial<SmtpClientOptions> = {},
) {
  const clock = new VirtualClock()
  const { logger: log, lines } = memoryLogger()
  const kept: SmtpSession[] = []
  const cache = {
    store: (_: readonly string[], session: SmtpSession) => void kept.push(session),
    take: () => kept.pop(),
  }
  const asked: string[] = []
  const ports = {
    lookup,
    cache,
    clock,
    log,
    connect: (address: string) => {
      asked.push(address)
      return connect(clock)
    },
  }
  const client = new SmtpClient({ ...defaults, deliveryTimeLimitMs: LIMIT_MS, ...options }, ports)
  return { client, clock, lines, asked, kept }
}

/** Says a line every minute, for ever. */
function endless(clock: VirtualClock): VirtualSocket {
  const socket = new VirtualSocket(clock, () => undefined)
  const talk = (): void => {
    socket.arrive(Buffer.from('220-welcome\r\n'))
    if (!socket.destroyed) clock.after(60_000, talk)
  }
  clock.after(0, talk)
  return socket
}

it('G-89: ends at its time, in the middle of a reply, and no other server is asked', async () => {
  const { client, clock, lines, asked } = setUp(endless)
  const running = client.deliver(delivery())
  await clock.run(LIMIT_MS - 1)
  expect(lines).toEqual([])
  await clock.run(LIMIT_MS)
  const text =
    'conversation with mx1.test[192.0.2.1] timed out while receiving the initial server greeting'
  expect(await running).toMatchObject({
    outcomes: [{ kind: 'deferred', status: '4.4.2', text }],
    blame: { status: '4.4.2', reason: text },
  })
  expect(asked).toEqual(['192.0.2.1'])
  expect(lines).toEqual([
    'warning: QID: delivery to b.test is not over after daemon_timeout (600 s): giving up',
    `QID: ${text}`,
  ])
})

it('G-89: each of several deliveries has its own time', async () => {
  const { client, clock } = setUp(endless)
  const ends: number[] = []
  for (const beginMs of [0, 1000, LIMIT_MS / 2, LIMIT_MS + 500]) {
    await clock.run(beginMs)
    void client.deliver(delivery()).then(() => ends.push(clock.now() - beginMs))
  }
  await clock.run(10 * LIMIT_MS)
  expect(ends).toEqual([LIMIT_MS, LIMIT_MS, LIMIT_MS, LIMIT_MS])
})

it('G-89: mail that ran out of time on the way to another destination is put off', async () => {
  const slow: Lookup = async ({ host }) => {
    if (host === 'slow.test') await new Promise<void>((done) => clock.after(2 * LIMIT_MS, done))
    return { kind: 'failed', status: '5.4.4', text: 'Host not found', last: false }
  }
  const { client, clock, lines } = setUp(endless, slow)
  const running = client.deliver(delivery('slow.test b.test'))
  await clock.run(2 * LIMIT_MS)
  expect((await running).outcomes).toMatchObject([
    { kind: 'deferred', status: '4.4.7', text: 'delivery took too long' },
  ])
  expect(lines).toHaveLength(1)
})

it('G-89: a session that was kept has the time of the next delivery', async () => {
  const codes = [220, 250, 250, 250, 354, 250, 250, 250, 250, 354, 250]
  const script = { replies: codes.map((code) => `${code} ok\r\n`) }
  const socketOf = (clock: VirtualClock) => new AnyServer(clock, script, WHOLE).socket
  const { client, clock, lines, asked, kept } = setUp(socketOf, undefined, {
    reuseTimeLimitMs: 10 * LIMIT_MS,
  })
  const first = client.deliver(delivery())
  await clock.run(LIMIT_MS / 2)
  expect((await first).outcomes).toMatchObject([{ kind: 'sent' }])
  await clock.run(3 * LIMIT_MS)
  expect(kept[0]?.connection.failed).toBe(false)
  const second = client.deliver(delivery())
  await clock.run(clock.now() + 1)
  expect((await second).outcomes).toMatchObject([{ kind: 'sent', connUse: 2 }])
  expect(asked).toEqual(['192.0.2.1'])
  expect(lines).toEqual([])
})
