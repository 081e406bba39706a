import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { systemClock } from '@posthouse/clock'
import { DnsClient, networkTransport, parseResolvConf } from '@posthouse/dns-client'
import { decode, encode } from 'dns-packet'

// A name server that knows one record.
const server = createSocket('udp4', (query, { port, address }) => {
  const { id, questions = [] } = decode(query)
  const data = { preference: 10, exchange: 'mx.example' }
  const isKnown = questions[0]?.name === 'example.com'
  const answers = isKnown ? [{ type: 'MX' as const, name: 'example.com', ttl: 300, data }] : []
  server.send(encode({ type: 'response', id: id ?? 0, questions, answers }), port, address)
})
server.bind(0, '127.0.0.1')
await once(server, 'listening')

// In production: const client = systemDnsClient('/etc/resolv.conf', systemClock, log).
const conf = parseResolvConf(`nameserver [127.0.0.1]:${server.address().port}`)
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

for (const name of ['example.com', 'example.com', 'example.net']) {
  const pending = client.query(name, 'MX')
  const where = pending instanceof Promise ? 'asked' : 'known'
  const reply = await pending
  if (reply.kind !== 'found') console.log(name, where, reply.kind)
  else
    for (const { exchange, preference } of reply.records)
      console.log(name, where, preference, exchange)
}
server.close()
