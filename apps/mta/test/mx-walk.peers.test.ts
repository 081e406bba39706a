import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Dnsmasq } from '../harness/dnsmasq.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePorts } from '../harness/posthouse.ts'
import { ScriptedWorld } from '../harness/scripted-world.ts'
import { SmtpSink } from '../harness/smtp-sink.ts'

const hasPeers = peersInstalled('dnsmasq', 'smtp-sink')

/** Servers by the end of their address in 127.0.1.0/24; nobody listens at the others. */
const SERVERS = {
  '1': [],
  '2': ['-b', '450 4.2.0 later', '-r', 'RCPT'],
  '3': ['-b', '421 4.3.2 busy', '-r', 'CONNECT'],
  '4': ['-B', '550 5.1.1 unknown', '-f', 'RCPT'],
} as const

const ZONE = [
  'local=/test/', // What is not here does not exist.
  ...['good.test,127.0.1.1', 'soft.test,127.0.1.2', 'busy.test,127.0.1.3', 'hard.test,127.0.1.4'],
  ...['closed.test,127.0.1.9', 'self.test,127.0.0.1'],
].map((line) => (line.includes('=') ? line : `host-record=${line}`))

const mx = (domain: string, ...targets: string[]): string[] =>
  targets.map((target, at) => `mx-host=${domain}.test,${target}.test,${(at + 1) * 10}`)

/** What MX records are there, where the mail goes, and what becomes of it. */
interface Walk {
  readonly rule: string
  readonly targets?: readonly string[]
  /** Instead of the domain with these MX records. */
  readonly nexthop?: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly result: string
}

const FALLBACK = { smtp_fallback_relay: '[good.test]' }
const sentBy = (name: string, address: string) => `${name}[${address}]:25 2.0.0 sent (250 2.0.0 Ok)`
const GOOD = sentBy('good.test', '127.0.1.1')
const REFUSED = 'none 4.4.1 deferred (connect to closed.test[127.0.1.9]:25: Connection refused)'
const LATER =
  'soft.test[127.0.1.2]:25 4.2.0 deferred (host soft.test[127.0.1.2] said: ' +
  '450 4.2.0 later (in reply to RCPT TO command))'
const NOT_FOUND = (name: string, type = 'A') =>
  `Host or domain name not found. Name service error for name=${name} type=${type}: Host not found`

const WALKS: readonly Walk[] = [
  { rule: 'C-6: a list', nexthop: 'gone.test, [good.test]', result: GOOD },
  { rule: 'C-7: no such domain', nexthop: 'gone.test', parameters: FALLBACK, result: GOOD },
  { rule: 'C-7: null MX', nexthop: 'null.test', parameters: FALLBACK, result: GOOD },
  { rule: 'C-7: nobody listens', targets: ['closed'], parameters: FALLBACK, result: GOOD },
  { rule: 'C-7: a greeting that refuses', targets: ['busy'], parameters: FALLBACK, result: GOOD },
  { rule: 'C-7: refused for now', targets: ['soft'], parameters: FALLBACK, result: GOOD },
  {
    rule: 'C-7: refused for good',
    targets: ['hard', 'good'],
    parameters: FALLBACK,
    result:
      'hard.test[127.0.1.4]:25 5.1.1 bounced (host hard.test[127.0.1.4] said: ' +
      '550 5.1.1 unknown (in reply to RCPT TO command))',
  },
  {
    rule: 'C-7: a loop',
    targets: ['self'],
    parameters: FALLBACK,
    result: 'none 5.4.6 bounced (mail for DOMAIN loops back to myself)',
  },
  {
    rule: 'C-7, C-22: this host is a backup',
    targets: ['closed', 'self', 'good'],
    parameters: FALLBACK,
    result: REFUSED,
  },
  {
    rule: 'C-7, C-22: the better one is lost',
    targets: ['gone', 'self'],
    parameters: FALLBACK,
    result: 'none 4.4.4 deferred (unable to find primary relay for DOMAIN)',
  },
  {
    rule: 'C-8: a fallback relay that does not exist',
    targets: ['closed'],
    parameters: { smtp_fallback_relay: 'gone.test' },
    result: `none 4.3.5 deferred (${NOT_FOUND('gone.test')})`,
  },
  {
    rule: 'C-8: a relayhost that does not exist',
    nexthop: 'nowhere.test',
    result: `none 4.3.5 deferred (${NOT_FOUND('nowhere.test')})`,
  },
  { rule: 'C-8: the last reason counts', targets: ['soft', 'closed'], result: REFUSED },
  { rule: 'C-18: one by one', targets: ['gone', 'closed', 'busy', 'good'], result: GOOD },
  { rule: 'C-17: no MX', nexthop: 'good.test', result: GOOD },
  {
    rule: 'C-20: no loop at another port',
    nexthop: '[self.test]:9',
    result: 'none 4.4.1 deferred (connect to self.test[127.0.0.1]:9: Connection refused)',
  },
  {
    rule: 'C-27: two addresses, and no more',
    targets: ['closed', 'busy', 'good'],
    parameters: { smtp_mx_address_limit: '2' },
    result:
      'busy.test[127.0.1.3]:25 4.3.2 deferred (host busy.test[127.0.1.3] ' +
      'refused to talk to me: 421 4.3.2 busy)',
  },
  {
    rule: 'C-27: any number of addresses',
    targets: ['closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'good'],
    parameters: { smtp_mx_address_limit: '0' },
    result: GOOD,
  },
  {
    rule: 'C-27: one session, and no more',
    targets: ['soft', 'good'],
    parameters: { smtp_mx_session_limit: '1' },
    result: LATER,
  },
  {
    rule: 'C-27: a greeting that refuses is no session',
    targets: ['busy', 'good'],
    parameters: { smtp_mx_session_limit: '1' },
    result: GOOD,
  },
  {
    rule: 'C-28: refused for now, and another one takes it',
    targets: ['soft', 'good'],
    result: GOOD,
  },
  {
    rule: 'C-29: named as in the MX record',
    targets: ['alias'],
    result: sentBy('alias.test', '127.0.1.1'),
  },
]

describe.runIf(hasPeers)('the whole system with dnsmasq and smtp-sink', () => {
  let dnsmasq: Dnsmasq
  let sinks: readonly SmtpSink[] = []
  let world: ScriptedWorld

  beforeAll(async () => {
    const records = WALKS.flatMap(({ targets = [] }, at) => mx(`d${at}`, ...targets))
    const others = ['cname=alias.test,good.test', 'dns-rr=null.test,15,000000']
    dnsmasq = await Dnsmasq.start([...ZONE, ...others, ...records])
    const ports = await freePorts(Object.keys(SERVERS).length)
    sinks = await SmtpSink.startAll(
      new Map(Object.values(SERVERS).map((one, at) => [ports[at]!, one])),
    )
    const places = Object.keys(SERVERS).map((end, at) => [`127.0.1.${end}:25`, ports[at]!])
    world = await ScriptedWorld.open({
      zone: {},
      resolvConf: `nameserver [127.0.0.1]:${dnsmasq.port}\n`,
      servers: Object.fromEntries(places),
      parameters: { relayhost: 'nowhere.test' },
      routes: WALKS.map(({ nexthop, parameters = {} }, at) => {
        return { domain: `d${at}.test`, nexthop: nexthop ?? `d${at}.test`, parameters }
      }),
    })
  })
  afterAll(async () => {
    await world?.close()
    await Promise.all(sinks.map((sink) => sink.stop()))
    await dnsmasq?.stop()
  })

  it.each(WALKS.map((walk, at) => ({ ...walk, at })))('$rule', async ({ at, result }) => {
    const id = await world.submit([`r@d${at}.test`])
    const [line = ''] = await world.outcomes(id, 1)
    const [, relay, dsn, status] = /relay=(.*?), .*dsn=(.*?), status=(.*)/.exec(line) ?? []
    expect(`${relay} ${dsn} ${status}`).toBe(result.replace('DOMAIN', `d${at}.test`))
  })
})
