// Lookups per second: of answers that are known, and of questions over loopback, beside the
// resolver of Node. Run: npm run bench --workspace @posthouse/dns-client
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'

import { systemClock } from '@posthouse/clock'
import { DnsClient, networkTransport, parseResolvConf } from '@posthouse/dns-client'
import { decode, encode } from 'dns-packet'

const KNOWN = 1_000_000
const ASKED = 5000
const SIDE_BY_SIDE = 50

const server = createSocket('udp4', (query, peer) => {
  const { id = 0, questions = [] } = decode(query)
  const { name = '' } = questions[0] ?? {}
  const mx = { type: 'MX' as const, name, ttl: 300, data: { preference: 10, exchange: name } }
  const address = { type: 'A' as const, name, ttl: 300, data: '192.0.2.1' }
  const answers = [questions[0]?.type === 'MX' ? mx : address]
  server.send(encode({ type: 'response', id, questions, answers }), peer.port, peer.address)
})
server.bind(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()

const conf = parseResolvConf(`nameserver [127.0.0.1]:${port}`)
const client = new DnsClient(
  {
    cacheMaxRecords: 50_000,
    cacheMaxTtlMs: 3_600_000,
    cacheMaxNegativeTtlMs: 600_000,
    maxQuestions: 256,
  },
  {
    configuration: () => conf,
    transport: networkTransport,
    randomId: () => randomInt(65_536),
    clock: systemClock,
  },
)
const resolver = new Resolver()
resolver.setServers([`127.0.0.1:${port}`])

await client.query('known.test', 'A')
let start = performance.now()
for (let count = 0; count < KNOWN; count++) client.query('known.test', 'A')
report('known, without a promise', KNOWN, performance.now() - start)

start = performance.now()
for (let count = 0; count < KNOWN / 10; count++) await client.query('known.test', 'A')
report('known, awaited', KNOWN / 10, performance.now() - start)

// What a message to a domain with one MX host takes.
await client.query('known.test', 'MX')
await messages('message, dns-client', async () => {
  await client.query('known.test', 'MX')
  await client.query('known.test', 'A')
})
await messages('message, node:dns', async () => {
  await resolver.resolveMx('known.test')
  await resolver.resolve4('known.test', { ttl: true })
})

await asked('asked, dns-client', (name) => client.query(name, 'A'))
await asked('asked, node:dns', (name) => resolver.resolve4(name, { ttl: true }))
server.close()

async function messages(what: string, lookUp: () => Promise<void>): Promise<void> {
  const startMs = performance.now()
  for (let count = 0; count < ASKED; count++) await lookUp()
  report(what, ASKED, performance.now() - startMs)
}

async function asked(what: string, ask: (name: string) => unknown): Promise<void> {
  const startMs = performance.now()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < ASKED) await ask(`h${next++}.test`)
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker))
  report(what, ASKED, performance.now() - startMs)
}

function report(what: string, count: number, ms: number): void {
  const perSecond = Math.round((count / ms) * 1000).toLocaleString('en')
  console.log(
    `${what.padEnd(28)} ${perSecond.padStart(12)}/s ${((ms / count) * 1000).toFixed(2)} us`,
  )
}
