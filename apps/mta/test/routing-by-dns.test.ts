import { afterEach, expect, it } from 'vitest'

import { NameServer, type Zone } from '../harness/name-server.ts'
import { ScriptedServer, type ScriptStep } from '../harness/scripted-server.ts'
import { type Route, ScriptedWorld } from '../harness/scripted-world.ts'
import { until } from '../harness/until.ts'

const TAKES_ALL: readonly ScriptStep[] = [
  ['send', '220 mx.test ESMTP'],
  ['expect', 'EHLO'],
  ['send', '250 mx.test'],
  ['expect', 'MAIL'],
  ['send', '250 2.1.0 Ok'],
  ['expect', 'RCPT'],
  ['send', '250 2.1.5 Ok'],
  ['expect', 'DATA'],
  ['send', '354 go'],
  ['expect-message'],
  ['send', '250 2.0.0 Ok: queued'],
  ['wait-close'],
]

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function server(connections = 1): Promise<ScriptedServer> {
  const one = await ScriptedServer.listen(Array.from({ length: connections }, () => TAKES_ALL))
  closers.push(() => one.close())
  return one
}

async function open(
  zone: Zone,
  routes: readonly Route[],
  servers: Readonly<Record<string, number>> = {},
  parameters: Readonly<Record<string, string>> = {},
): Promise<ScriptedWorld> {
  const world = await ScriptedWorld.open({ zone, routes, servers, parameters })
  closers.push(() => world.close())
  return world
}

/** `dsn status (text)` of one recipient, `relay` before if there is one. */
async function deliver(world: ScriptedWorld, domain: string): Promise<string> {
  const id = await world.submit([`r@${domain}`])
  const [line = ''] = await world.outcomes(id, 1)
  const [, relay, dsn, status] = /relay=(.*?), .*dsn=(.*?), status=(.*)/.exec(line) ?? []
  return `${relay} ${dsn} ${status}`
}

it('C-9, C-179 loop-bestmx-transport: a mail loop goes to best_mx_transport', async () => {
  const { port } = await server()
  const zone: Zone = {
    'loop.test': { MX: ['10 self.test'] },
    'again.test': { MX: ['10 self.test'] },
    'none.test': { MX: ['10 self.test'] },
    'self.test': { A: ['127.0.0.1'] },
  }
  const world = await open(zone, [
    {
      domain: 'loop.test',
      nexthop: 'loop.test',
      parameters: { best_mx_transport: `other:[127.0.0.1]:${port}` },
    },
    {
      domain: 'again.test',
      nexthop: 'again.test',
      parameters: { best_mx_transport: 'again.test' },
    },
    { domain: 'none.test', nexthop: 'none.test', parameters: { best_mx_transport: 'nobody' } },
    { domain: 'other', nexthop: 'unused.test' },
  ])
  expect(await deliver(world, 'loop.test')).toMatch(`127.0.0.1[127.0.0.1]:${port} 2.0.0 sent`)
  const passed = await world.posthouse.logged(/passing <r@loop\.test>/)
  expect(passed).toMatch(/\/smtp\[\d+\]: \w+: passing <r@loop\.test> to transport=other$/)
  const loops = 'none 5.4.6 bounced (mail for again.test loops back to myself)'
  expect(await deliver(world, 'again.test')).toBe(loops)
  expect(await deliver(world, 'none.test')).toBe('none 4.3.0 deferred (mail transport unavailable)')
  await world.posthouse.logged(
    /warning: best_mx_transport: nobody is no smtp service of master\.cf/,
  )
})

it('C-15: smtp_dns_reply_filter drops records', async () => {
  const { port } = await server()
  const zone: Zone = {
    'd.test': { MX: ['10 bad.test', '20 good.test'] },
    'bad.test': { A: ['127.0.1.66'] },
    'good.test': { A: ['127.0.1.1'] },
    'e.test': { MX: ['10 bad.test'] },
  }
  const world = await open(
    zone,
    ['d.test', 'e.test'].map((domain) => ({ domain, nexthop: domain })),
    { '127.0.1.1:25': port },
    { smtp_dns_reply_filter: String.raw`regexp:{ { /^bad\.test\. 60 IN A 127/ IGNORE } }` },
  )
  expect(await deliver(world, 'd.test')).toMatch('good.test[127.0.1.1]:25 2.0.0 sent')
  await world.posthouse.logged(/ignoring DNS RR: bad\.test\. 60 IN A 127\.0\.1\.66$/)
  const text = 'Error looking up name=bad.test type=A: DNS reply filter drops all results'
  expect(await deliver(world, 'e.test')).toBe(`none 4.7.0 deferred (${text})`)
})

it('C-15: a filter that cannot be asked puts mail off', async () => {
  const zone: Zone = { 'd.test': { MX: ['10 mx.test'] } }
  const routes = [{ domain: 'd.test', nexthop: 'd.test' }]
  const world = await open(zone, routes, {}, { smtp_dns_reply_filter: 'fail:x' })
  const text = 'Error looking up name=d.test type=MX: Invalid DNS reply filter syntax'
  expect(await deliver(world, 'd.test')).toBe(`none 4.4.3 deferred (${text})`)
  await world.posthouse.logged(
    /warning: fail:x lookup error for "d\.test\. 60 IN MX 10 mx\.test\."/,
  )
})

it('C-16: with both families, what is said last is of the one asked last', async () => {
  const routes = [{ domain: 'd.test', nexthop: 'gone.test' }]
  const world = await open({}, routes, {}, { inet_protocols: 'all' })
  const text = 'Host or domain name not found. Name service error for name=gone.test type=AAAA:'
  expect(await deliver(world, 'd.test')).toBe(`none 5.4.4 bounced (${text} Host not found)`)
  expect(world.names.queries).toEqual(['MX gone.test', 'A gone.test', 'AAAA gone.test'])
})

it('C-14: an answer too large for UDP comes over TCP', async () => {
  const { port } = await server()
  const backups = Array.from({ length: 60 }, (_, index) => `20 backup${index}.large.test`)
  const zone: Zone = {
    'large.test': { MX: ['10 mx.large.test', ...backups] },
    'mx.large.test': { A: ['127.0.1.1'] },
  }
  const routes = [{ domain: 'large.test', nexthop: 'large.test' }]
  const world = await open(zone, routes, { '127.0.1.1:25': port })
  expect(await deliver(world, 'large.test')).toMatch('mx.large.test[127.0.1.1]:25 2.0.0 sent')
})

it('asks once for many messages while the TTL lasts', async () => {
  const count = 20
  const { port } = await server(count)
  const zone: Zone = { 'd.test': { MX: ['10 mx.test'] }, 'mx.test': { A: ['127.0.1.1'] } }
  const routes = [{ domain: 'd.test', nexthop: 'd.test' }]
  const parameters = { smtp_connection_cache_on_demand: 'no' }
  const world = await open(zone, routes, { '127.0.1.1:25': port }, parameters)
  for (let message = 0; message < count; message++) {
    expect(await deliver(world, 'd.test')).toMatch(' 2.0.0 sent')
  }
  expect(world.names.queries).toEqual(['MX d.test', 'A mx.test'])
})

it('C-13, C-30: short names and the source address, as configured', async () => {
  const mx = await server()
  const zone: Zone = { 'mx.search.test': { A: ['127.0.1.1'] } }
  const parameters = { smtp_dns_resolver_options: 'res_defnames', smtp_bind_address: '[127.0.0.9]' }
  const routes = [{ domain: 'd.test', nexthop: '[mx]', parameters }]
  const world = await open(zone, routes, { '127.0.1.1:25': mx.port })
  expect(await deliver(world, 'd.test')).toMatch('mx[127.0.1.1]:25 2.0.0 sent')
  expect(mx.sources).toEqual(['127.0.0.9'])
})

it('changes of resolv.conf are heeded, and a reload forgets answers', async () => {
  const { port } = await server(100)
  const zone: Zone = { 'd.test': { MX: ['10 mx.test'] }, 'mx.test': { A: ['127.0.1.1'] } }
  const routes = [{ domain: 'd.test', nexthop: 'd.test' }]
  const servers = { '127.0.1.1:25': port, '127.0.1.2:25': port }
  const parameters = { smtp_connection_cache_on_demand: 'no' }
  const world = await open(zone, routes, servers, parameters)
  expect(await deliver(world, 'd.test')).toMatch('mx.test[127.0.1.1]:25 2.0.0 sent')

  world.names.change({ ...zone, 'mx.test': { A: ['127.0.1.2'] } })
  world.posthouse.signal('SIGHUP')
  await world.posthouse.logged(/: reload/)
  expect(await deliver(world, 'd.test')).toMatch('mx.test[127.0.1.2]:25 2.0.0 sent')

  const other = await NameServer.listen(zone)
  closers.push(() => other.close())
  world.writeResolvConf(other.configuration)
  await until(
    async () => (await deliver(world, 'd.test')).includes('mx.test[127.0.1.1]:25'),
    () => 'still the old server',
  )
})

it('C-14, C-17: a silent name server puts its mail off, and delays no other', async () => {
  const { port } = await server()
  const routes = [
    { domain: 'd.test', nexthop: 'd.test' },
    { domain: 'other.test', nexthop: `[127.0.0.1]:${port}` },
  ]
  const world = await open({}, routes)
  world.names.isSilent = true
  const waiting = deliver(world, 'd.test')
  expect(await deliver(world, 'other.test')).toMatch(' 2.0.0 sent')
  const about = 'Host or domain name not found. Name service error for name=d.test type=MX:'
  expect(await waiting).toBe(`none 4.4.3 deferred (${about} Host not found, try again)`)
})

it('smtp_dns_support_level = dnssec: a warning if the name server does not validate', async () => {
  const { port } = await server()
  const zone: Zone = { 'd.test': { MX: ['10 mx.test'] }, 'mx.test': { A: ['127.0.1.1'] } }
  const parameters = { smtp_dns_support_level: 'dnssec', dnssec_probe: 'a:mx.test' }
  const routes = [{ domain: 'd.test', nexthop: 'd.test', parameters }]
  const world = await open(zone, routes, { '127.0.1.1:25': port })
  expect(await deliver(world, 'd.test')).toMatch('mx.test[127.0.1.1]:25 2.0.0 sent')
  const reason = "reason: dnssec_probe 'a:mx.test' received a response that is not DNSSEC validated"
  expect(world.smtpLines().filter((line) => line.startsWith('warning: '))).toEqual([
    'warning: DNSSEC validation may be unavailable',
    `warning: ${reason}`,
  ])
})
