import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock } from '@posthouse/clock'
import { type DeliveryAgent, defaultOptions, QueueManager } from '@posthouse/queue-manager'
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
const manager = new QueueManager(
  { ...defaultOptions, hostname: 'mx.example.com' },
  {
    resolve: (_, recipient) => ({ kind: 'route', transport: 'smtp', nexthop: 'b.test', recipient }),
    rewrite: (address) => address,
    notices: { has: () => false, send: () => Promise.reject(new Error('no bounces here')) },
    agents: () => agent,
    deliveryLog: () => log,
    store,
    clock,
    log,
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
