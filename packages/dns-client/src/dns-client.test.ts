import { VirtualClock } from '@posthouse/clock'
import { type Answer, type DecodedPacket, decode, encode } from 'dns-packet'
import { describe, expect, it } from 'vitest'

import {
  DnsClient,
  type DnsClientOptions,
  type NameServer,
  parseResolvConf,
  type ResolvConf,
  type Transport,
} from './index.ts'

const AD = 0x20
const TC = 0x200
const CODES = { ok: 0, formerr: 1, servfail: 2, nxdomain: 3, notimp: 4, refused: 5, notauth: 9 }

interface Asked {
  readonly server: string
  readonly protocol: 'udp' | 'tcp'
  readonly packet: DecodedPacket
}

/** What a server does: a reply, `silent`, or `unreachable`. */
type Answering = 'silent' | 'unreachable' | Reply

interface Reply {
  readonly code?: keyof typeof CODES
  readonly flags?: number
  readonly answers?: readonly Answer[]
  readonly negativeTtl?: number
}

const options: DnsClientOptions = {
  cacheMaxRecords: 100,
  cacheMaxTtlMs: 3_600_000,
  cacheMaxNegativeTtlMs: 600_000,
  maxQuestions: 100,
}
const CONF = parseResolvConf('nameserver 192.0.2.1\nnameserver 192.0.2.2\n')

class CountingClock extends VirtualClock {
  /** Timers that are neither due nor cancelled. */
  pending = 0

  override after(delayMs: number, fn: () => void): () => void {
    let isPending = true
    const end = (): void => {
      if (isPending) this.pending -= 1
      isPending = false
    }
    this.pending += 1
    const cancel = super.after(delayMs, () => {
      end()
      fn()
    })
    return () => {
      end()
      cancel()
    }
  }
}

function setUp(
  answering: (asked: Asked, count: number) => Answering,
  changed: Partial<ResolvConf> = {},
  changedOptions: Partial<DnsClientOptions> = {},
) {
  const clock = new CountingClock()
  const log: string[] = []
  const packets: DecodedPacket[] = []
  let conf = { ...CONF, ...changed }
  let open = 0
  const transport: Transport = (protocol, server, query, events) => {
    const packet = decode(Buffer.from(query))
    const { name, type } = packet.questions![0]!
    packets.push(packet)
    log.push(`${clock.now()} ${server.address} ${protocol} ${type} ${name}`)
    open += 1
    const asked = { server: server.address, protocol, packet }
    const cancel = clock.after(1, () => {
      const reply = answering(asked, log.length)
      if (reply === 'unreachable') events.fail(new Error('refused'))
      else if (reply !== 'silent') events.receive(message(packet, reply))
    })
    return () => {
      open -= 1
      cancel()
    }
  }
  let id = 0
  const client = new DnsClient(
    { ...options, ...changedOptions },
    { configuration: () => conf, transport, clock, randomId: () => id++ % 65_536 },
  )
  return {
    client,
    clock,
    log,
    packets,
    open: () => open,
    configure: (change: Partial<ResolvConf>) => {
      conf = { ...conf, ...change }
    },
    /** Runs the clock until the answer is there. */
    ask: async <Value>(pending: Value | Promise<Value>): Promise<Value> => {
      let result: { value: Value } | undefined
      void Promise.resolve(pending).then((value) => {
        result = { value }
      })
      for (let step = 0; step < 10_000 && result === undefined; step++) {
        await clock.run(clock.now() + 100)
      }
      return result!.value
    },
  }
}

function message(query: DecodedPacket, reply: Reply): Uint8Array {
  const { code = 'ok', flags = 0, answers = [], negativeTtl } = reply
  const name = query.questions![0]!.name
  const soa = { mname: 'ns.test', rname: 'root.test', minimum: negativeTtl ?? 0 }
  return encode({
    type: 'response',
    id: query.id!,
    flags: flags | CODES[code],
    questions: query.questions!,
    answers: [...answers],
    authorities: negativeTtl === undefined ? [] : [{ type: 'SOA', name, ttl: 9999, data: soa }],
  })
}

function a(name: string, address: string, ttl = 60): Answer {
  return { type: 'A', name, ttl, data: address }
}

function cname(name: string, target: string, ttl = 60): Answer {
  return { type: 'CNAME', name, ttl, data: target }
}

function nameOf({ packet }: Asked): string {
  return packet.questions![0]!.name
}

describe('what a question gives', () => {
  it('the records, in the order of the answer', async () => {
    const { client, ask, open, clock } = setUp(({ packet }) => {
      const answers: Answer[] = [
        { type: 'MX', name: 'D.test', ttl: 7, data: { preference: 20, exchange: 'b.test' } },
        { type: 'MX', name: 'd.test', ttl: 60, data: { preference: 10, exchange: '.' } },
      ]
      const isMx = packet.questions![0]!.type === 'MX'
      return isMx ? { answers } : { answers: [a('d.test', '192.0.2.9')] }
    })
    expect(await ask(client.query('d.test', 'MX'))).toEqual({
      kind: 'found',
      records: [
        { name: 'D.test', ttl: 7, preference: 20, exchange: 'b.test' },
        { name: 'd.test', ttl: 60, preference: 10, exchange: '.' },
      ],
      dropped: 0,
      secure: false,
    })
    expect(open()).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it.each([
    ['nxdomain', { code: 'nxdomain' }],
    ['nodata', {}],
    ['fail', { code: 'formerr' }],
    ['fail', { code: 'notauth' }],
  ] as const)('C-14: %s for %j', async (kind, reply) => {
    const { client, ask, log } = setUp(() => reply)
    expect(await ask(client.query('d.test', 'A'))).toEqual({ kind, name: 'd.test', secure: false })
    expect(log).toEqual(['0 192.0.2.1 udp A d.test'])
  })

  it('the name servers of the root', async () => {
    const { client, ask, log } = setUp(() => ({
      answers: [{ type: 'NS', name: '.', ttl: 60, data: 'a.root.test' }],
    }))
    expect(await ask(client.query('.', 'NS'))).toMatchObject({ records: [{ host: 'a.root.test' }] })
    expect(log).toEqual(['0 192.0.2.1 udp NS .'])
  })

  it('SRV and TLSA records, too', async () => {
    const { client, ask } = setUp(({ packet }) => {
      const { name, type } = packet.questions![0]!
      const srv = { priority: 1, weight: 2, port: 587, target: 'h.test' }
      const tlsa = { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from('ab') }
      if (type === 'SRV') return { answers: [{ type, name, ttl: 60, data: srv }] }
      return { answers: [{ type: 'TLSA', name, ttl: 60, data: tlsa }] }
    })
    expect(await ask(client.query('_s._tcp.d.test', 'SRV'))).toMatchObject({
      records: [{ priority: 1, weight: 2, port: 587, target: 'h.test' }],
    })
    expect(await ask(client.query('_25._tcp.h.test', 'TLSA'))).toMatchObject({
      records: [{ usage: 3, selector: 1, matchingType: 1, certificate: Uint8Array.from([97, 98]) }],
    })
  })

  it('keeps 100 records and says how many more there were', async () => {
    const answers = Array.from({ length: 103 }, (_, index) => a('d.test', `192.0.2.${index}`))
    const { client, ask } = setUp(() => ({ answers }))
    const reply = await ask(client.query('d.test', 'A'))
    expect(reply).toMatchObject({ kind: 'found', dropped: 3 })
    expect(reply).toHaveProperty('records.length', 100)
  })

  it('RFC 5452 6: records of other names count for nothing', async () => {
    const { client, ask } = setUp(() => ({ answers: [a('other.test', '192.0.2.66')] }))
    expect(await ask(client.query('d.test', 'A'))).toMatchObject({ kind: 'nodata' })
  })

  it('a name that fits into no message does not exist', () => {
    const { client, log } = setUp(() => 'silent')
    for (const name of ['', 'a..test', `${'a'.repeat(64)}.test`, `${'a.'.repeat(130)}test`]) {
      expect(client.query(name, 'A')).toEqual({ kind: 'nxdomain', name, secure: false })
    }
    expect(log).toEqual([])
  })
})

describe('CNAMEs', () => {
  it('are followed within the message and by more questions', async () => {
    const { client, ask, log } = setUp((asked) => {
      if (nameOf(asked) === 'a.test') {
        return { answers: [cname('b.test', 'c.test', 30), cname('A.test', 'b.test')] }
      }
      return { answers: [cname('c.test', 'd.test'), a('d.test', '192.0.2.4')] }
    })
    expect(await ask(client.query('a.test', 'A'))).toMatchObject({
      records: [{ name: 'd.test', address: '192.0.2.4' }],
    })
    expect(log.map((line) => line.replace(/^\d+ /, ''))).toEqual([
      '192.0.2.1 udp A a.test',
      '192.0.2.1 udp A c.test',
    ])
  })

  it('C-14: ten answers with nothing else are a loop', async () => {
    const { client, ask, log } = setUp((asked) => {
      const number = Number(/\d+/.exec(nameOf(asked))![0])
      return { answers: [cname(`cl${number}.test`, `cl${number + 1}.test`)] }
    })
    expect(await ask(client.query('cl0.test', 'A'))).toMatchObject({
      kind: 'loop',
      name: 'cl10.test',
    })
    expect(log).toHaveLength(10)
  })

  it('C-14: a circle within one message is a loop', async () => {
    const answers = [cname('a.test', 'b.test'), cname('b.test', 'a.test')]
    const { client, ask, log } = setUp(() => ({ answers }))
    expect(await ask(client.query('a.test', 'A'))).toMatchObject({ kind: 'loop' })
    expect(log).toHaveLength(10)
  })

  it('C-14: what is missing at the end of a chain', async () => {
    const { client, ask } = setUp((asked) => {
      const name = nameOf(asked)
      if (name === 'gone.test') {
        return { code: 'nxdomain', answers: [cname('gone.test', 'x.test')], negativeTtl: 60 }
      }
      return name === 'end.test' ? {} : { answers: [cname(name, 'end.test')] }
    })
    expect(await ask(client.query('empty.test', 'A'))).toMatchObject({
      kind: 'nodata',
      name: 'end.test',
    })
    expect(await ask(client.query('gone.test', 'A'))).toMatchObject({
      kind: 'nxdomain',
      name: 'gone.test',
    })
  })

  it('are themselves the answer to who asks for one, without a step further', async () => {
    const { client, ask, log } = setUp(() => ({
      answers: [cname('a.test', 'b.test'), cname('b.test', 'c.test')],
      flags: AD,
    }))
    expect(await ask(client.query('a.test', 'CNAME', { dnssec: true }))).toEqual({
      kind: 'found',
      records: [{ name: 'a.test', ttl: 60, target: 'b.test' }],
      dropped: 0,
      secure: true,
    })
    expect(log).toHaveLength(1)
  })

  it('a target that fits into no message is malformed', async () => {
    const target = `${'\u00ff'.repeat(40)}.test`
    const { client, ask } = setUp((asked) => ({ answers: [cname(nameOf(asked), target)] }))
    expect(await ask(client.query('a.test', 'A'))).toMatchObject({ kind: 'malformed' })
  })
})

describe('servers', () => {
  const found: Reply = { answers: [a('d.test', '192.0.2.9')] }

  it.each(['servfail', 'refused', 'notimp'] as const)(
    'one that says %s is passed over',
    async (code) => {
      const { client, ask, log } = setUp(({ server }) =>
        server === '192.0.2.1' ? { code } : found,
      )
      expect(await ask(client.query('d.test', 'A'))).toMatchObject({ kind: 'found' })
      expect(log).toEqual(['0 192.0.2.1 udp A d.test', '1 192.0.2.2 udp A d.test'])
    },
  )

  it('one that does not listen costs no time', async () => {
    const { client, ask, log } = setUp(({ server }) =>
      server === '192.0.2.1' ? 'unreachable' : found,
    )
    expect(await ask(client.query('d.test', 'A'))).toMatchObject({ kind: 'found' })
    expect(log).toEqual(['0 192.0.2.1 udp A d.test', '1 192.0.2.2 udp A d.test'])
  })

  it('silent ones are asked again, with longer waits, and then it is time to try later', async () => {
    const { client, ask, log, clock, open } = setUp(() => 'silent', { attempts: 3 })
    expect(await ask(client.query('d.test', 'A'))).toMatchObject({ kind: 'retry', name: 'd.test' })
    expect(log.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '0 192.0.2.1',
      '5000 192.0.2.2',
      '10000 192.0.2.1',
      '15000 192.0.2.2',
      '20000 192.0.2.1',
      '30000 192.0.2.2',
    ])
    expect(clock.now()).toBe(40_000)
    expect(open()).toBe(0)
  })

  it('options rotate: each question begins with the next one', async () => {
    const { client, ask, log } = setUp(() => ({}), { rotate: true })
    for (const name of ['a.test', 'b.test', 'c.test']) await ask(client.query(name, 'A'))
    expect(log.map((line) => line.split(' ')[1])).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.1'])
  })

  it('a truncated answer is fetched over TCP, from the same server', async () => {
    const { client, ask, log } = setUp(({ protocol }) =>
      protocol === 'udp' ? { flags: TC, answers: [a('d.test', '192.0.2.1')] } : found,
    )
    const reply = await ask(client.query('d.test', 'A'))
    expect(reply).toMatchObject({ records: [{ address: '192.0.2.9' }] })
    expect(log).toEqual(['0 192.0.2.1 udp A d.test', '1 192.0.2.1 tcp A d.test'])
  })

  it('options use-vc: TCP at once', async () => {
    const { client, ask, log } = setUp(() => found, { useTcp: true })
    await ask(client.query('d.test', 'A'))
    expect(log).toEqual(['0 192.0.2.1 tcp A d.test'])
  })

  it.each(['formerr', 'notimp'] as const)(
    'RFC 6891 7: %s to EDNS is asked again without',
    async (code) => {
      const { client, ask, packets } = setUp(
        ({ packet }) => (packet.additionals!.length > 0 ? { code } : found),
        { edns0: true },
      )
      expect(await ask(client.query('d.test', 'A'))).toMatchObject({ kind: 'found' })
      expect(packets.map(({ additionals }) => additionals!.length)).toEqual([1, 0])
    },
  )
})

describe('the AD bit', () => {
  const secure: Reply = { flags: AD, answers: [a('d.test', '192.0.2.9')] }

  it.each([
    [{}, { dnssec: true }, true, [AD, 1]],
    [{ trustAd: true }, {}, true, [AD, 0]],
    [{}, {}, false, [0, 0]],
  ])('is asked for and believed as %j, %j say: %s', async (conf, query, expected, sent) => {
    const { client, ask, packets } = setUp(() => secure, conf)
    expect(await ask(client.query('d.test', 'A', query))).toMatchObject({ secure: expected })
    expect([packets[0]!.flags! & AD, packets[0]!.additionals!.length]).toEqual(sent)
  })

  it.each(['a.test', 'b.test'])('must be on every answer of a chain: %s has none', async (name) => {
    const targets = new Map([
      ['a.test', 'b.test'],
      ['b.test', 'd.test'],
    ])
    const { client, ask } = setUp((asked) => {
      const alias = nameOf(asked)
      const target = targets.get(alias)
      if (target === undefined) return secure
      return { flags: alias === name ? 0 : AD, answers: [cname(alias, target)] }
    })
    expect(await ask(client.query('a.test', 'A', { dnssec: true }))).toMatchObject({
      kind: 'found',
      secure: false,
    })
  })

  it('an answer without is not given to who asks with', async () => {
    const { client, ask, log } = setUp(() => secure)
    await ask(client.query('d.test', 'A'))
    await ask(client.query('d.test', 'A', { dnssec: true }))
    expect(log).toHaveLength(2)
  })
})

describe('the cache', () => {
  it('answers at once, without a promise, until the least TTL has passed', async () => {
    const answers = [cname('d.test', 'e.test', 40), a('e.test', '192.0.2.1', 50)]
    const { client, ask, clock, log } = setUp(() => ({ answers }))
    const first = await ask(client.query('d.test', 'A'))
    const expiresMs = 1 + 40_000
    await clock.run(expiresMs - 1)
    expect(client.query('D.TEST', 'A')).toBe(first)
    await clock.run(expiresMs)
    expect(client.query('d.test', 'A')).toBeInstanceOf(Promise)
    expect(log).toHaveLength(2)
  })

  it.each([
    ['RFC 2308 5: nxdomain', { code: 'nxdomain', negativeTtl: 30 }, 30_000],
    ['RFC 2308 5: nodata', { negativeTtl: 30 }, 30_000],
    ['RFC 2308 5: nxdomain without SOA', { code: 'nxdomain' }, 0],
    ['nxdomain beyond the limit', { code: 'nxdomain', negativeTtl: 9999 }, 600_000],
    ['records beyond the limit', { answers: [a('d.test', '192.0.2.1', 86_400)] }, 3_600_000],
    ['records with TTL 0', { answers: [a('d.test', '192.0.2.1', 0)] }, 0],
    ['a failure', { code: 'notauth', negativeTtl: 30 }, 0],
    ['a server that fails', { code: 'servfail', negativeTtl: 30 }, 0],
  ] as const)('%s: %j is kept for %i ms', async (_, reply, keptMs) => {
    const { client, ask, clock, log } = setUp(() => reply, { servers: CONF.servers.slice(0, 1) })
    await ask(client.query('d.test', 'A'))
    const asked = log.length
    const answeredAtMs = Number(log.at(-1)!.split(' ')[0]) + 1
    if (keptMs > 0) {
      await clock.run(answeredAtMs + keptMs - 1)
      expect(client.query('d.test', 'A')).not.toBeInstanceOf(Promise)
    }
    await clock.run(answeredAtMs + keptMs)
    expect(client.query('d.test', 'A')).toBeInstanceOf(Promise)
    expect(log.length).toBe(asked + 1)
  })

  it('one question at a time for the same records', async () => {
    const { client, ask, log } = setUp(() => ({ answers: [a('d.test', '192.0.2.1')] }))
    const replies = ['d.test', 'D.test', 'd.test'].map((name) => client.query(name, 'A'))
    const [first, ...others] = await ask(Promise.all(replies))
    for (const other of others) expect(other).toBe(first)
    expect(log).toHaveLength(1)
  })

  it('holds a number of records; those not used for longest go', async () => {
    const answers = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => a(name, `192.0.2.${index}`))
    const { client, ask, log } = setUp(
      (asked) => ({ answers: answers(nameOf(asked), nameOf(asked) === 'big.test' ? 8 : 1) }),
      {},
      { cacheMaxRecords: 10 },
    )
    for (const name of ['a.test', 'b.test', 'c.test', 'a.test', 'big.test', 'a.test', 'b.test']) {
      await ask(client.query(name, 'A'))
    }
    const asked = log.map((line) => line.split(' ').at(-1))
    expect(asked).toEqual(['a.test', 'b.test', 'c.test', 'big.test', 'b.test'])
  })

  it('is emptied when resolv.conf changes, of what is under way, too', async () => {
    const { client, ask, log, configure, clock } = setUp(({ server }) =>
      server === '192.0.2.7' ? { answers: [a('d.test', '192.0.2.2')] } : 'silent',
    )
    const early = client.query('d.test', 'A')
    const servers: NameServer[] = [{ address: '192.0.2.7', port: 53 }]
    await clock.run(10)
    configure({ servers })
    expect(await ask(client.query('d.test', 'A'))).toMatchObject({ kind: 'found' })
    expect(await ask(early)).toMatchObject({ kind: 'retry' })
    expect(client.query('d.test', 'A')).toMatchObject({ kind: 'found' })
    configure({ servers })
    await ask(client.query('d.test', 'A'))
    expect(log.filter((line) => line.includes('192.0.2.7'))).toHaveLength(2)
  })
})

it('forgets what it knows, and what it is just told, when it is asked to', async () => {
  const { client, ask, log } = setUp(() => ({ answers: [a('d.test', '192.0.2.1')] }))
  const early = client.query('d.test', 'A')
  client.clear()
  await ask(early)
  expect(client.query('d.test', 'A')).toBeInstanceOf(Promise)
  await ask(client.query('d.test', 'A'))
  expect(client.query('d.test', 'A')).not.toBeInstanceOf(Promise)
  client.clear()
  expect(client.query('d.test', 'A')).toBeInstanceOf(Promise)
  expect(log).toHaveLength(3)
})

it('asks only so many questions side by side; others wait', async () => {
  const { client, ask, open, clock } = setUp(() => ({}), {}, { maxQuestions: 2 })
  const names = Array.from({ length: 6 }, (_, index) => `h${index}.test`)
  const replies = Promise.all(names.map((name) => client.query(name, 'A')))
  expect(open()).toBe(2)
  await clock.run(1)
  expect(open()).toBe(2)
  expect(await ask(replies)).toHaveLength(6)
  expect(clock.now()).toBeGreaterThanOrEqual(3)
  expect(open()).toBe(0)
})

describe('search', () => {
  const search = { defaultDomain: true, searchList: true }
  const domains = { search: ['one.test', 'two.test'] }

  it('C-13: ends with the first name that has records', async () => {
    const { client, ask } = setUp((asked) => {
      const name = nameOf(asked)
      return name === 'h.two.test' ? { answers: [a(name, '192.0.2.2')] } : { code: 'nxdomain' }
    }, domains)
    const reply = await ask(client.query('h', 'A', { search }))
    expect(reply).toMatchObject({ records: [{ name: 'h.two.test' }] })
  })

  it.each([
    ['nxdomain', 'nxdomain', 'nxdomain', 'nxdomain', 3],
    ['nxdomain', 'ok', 'nxdomain', 'nodata', 3],
    ['servfail', 'ok', 'nxdomain', 'retry', 4],
  ] as const)('C-13: %s, %s, %s are %s', async (one, two, last, kind, questions) => {
    const { client, ask, log } = setUp((asked) => {
      const name = nameOf(asked)
      return { code: name === 'h.one.test' ? one : name === 'h.two.test' ? two : last }
    }, domains)
    const reply = await ask(client.query('h', 'A', { search }))
    expect(reply).toMatchObject({ kind, name: 'h' })
    expect(log).toHaveLength(questions)
  })
})
