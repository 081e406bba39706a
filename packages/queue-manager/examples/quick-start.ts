import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock } from '@posthouse/clock'
import { type DeliveryAgent, QueueManager } from '@posthouse/queue-manager'
import { ContentWriter, QueueStore } from '@posthouse/queue-store'

// The queue id and the times differ from run to run.
const mask = (text: string) =>
  text.replace(/^\w+:/, 'QID:').replace(/delay=.*(?= dsn=)/, 'delay=…,')
const print = (text: string) => console.log(mask(text))
const log = { info: print, warning: print, error: print, fatal: print }

const directory = await mkdtemp(join(tmpdir(), 'posthouse-'))
const hashing = { hashQueueNames: ['deferred', 'defer'], hashQueueDepth: 1, longQueueIds: true }
const store = await QueueStore.open({ directory, ...hashing, contentCacheBytes: 1e6, clock, log })

const agent: DeliveryAgent = {
  async deliver({ recipients, nexthop: relay }) {
    const sent = { kind: 'sent', status: '2.0.0', text: '250 2.0.0 Ok', relay } as const
    return { outcomes: recipients.map(() => ({ ...sent, doneMs: clock.now() })) }
  },
}
const feedback = { base: 1, dividedByWindow: false }
const window = { initial: 5, limit: 20, positive: feedback, negative: feedback }
const settings = { ...window, failedCohortLimit: 1, processLimit: 100 }
const limits = { messageActiveLimit: 20_000, messageRecipientLimit: 20_000, inflowTokens: 100 }
const lifetimes = { maximalQueueLifetimeMs: 432_000_000, bounceQueueLifetimeMs: 432_000_000 }
const backoff = { minimalBackoffMs: 300_000, maximalBackoffMs: 4_000_000 }
const intervals = { queueRunDelayMs: 300_000, transportRetryMs: 60_000 }
const routing = { deferTransports: [], defaultFilterNexthop: '', recipientDelimiter: '+' }
const logging = { delayLoggingResolutionLimit: 2, bounceLogCompatibility: true, smtputf8: true }
const bounces = { softBounceTransports: new Set<string>(), confirmDelayCleared: false }
const options = { ...limits, ...lifetimes, ...backoff, ...intervals, ...routing, ...logging }
const manager = new QueueManager(
  {
    ...options,
    ...{ hostname: 'mx.example.com', doubleBounceSender: 'double-bounce' },
    ...{ ...bounces, infoLogAddressFormat: 'external' },
    transport: () => ({ ...settings, destinationRecipientLimit: 50 }),
  },
  {
    resolve: (_, recipient) => ({ kind: 'route', transport: 'smtp', nexthop: 'b.test', recipient }),
    rewrite: (address) => address,
    notices: { has: () => false, send: () => Promise.reject(new Error('no bounces here')) },
    agents: () => agent,
    deliveryLog: () => log,
    store,
    clock,
    log,
    errorLog: log,
  },
)
await manager.start()

const content = new ContentWriter(2048, 100)
content.line(Buffer.from('Subject: hello'))
const draft = await store.create()
const recipients = [{ address: 'b@b.test', original: 'b@b.test' }]
const message = { sender: 'a@a.test', recipients, content: content.finish(), attributes: [] }
manager.accept(await draft.commit({ ...message, arrivalTimeMs: clock.now() }))

while (manager.messages > 0) await new Promise((resolve) => setImmediate(resolve))
await manager.drain()
await rm(directory, { recursive: true })
