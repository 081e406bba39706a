import { submitMessage } from '@posthouse/qmqp-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { masterCfFor } from '../harness/configuration.ts'
import { startExim } from '../harness/exim.ts'
import { NodeReceiver } from '../harness/node-receiver.ts'
import { startOpenSmtpd } from '../harness/open-smtpd.ts'
import { peersInstalled } from '../harness/peers.ts'
import { PostfixReceiver } from '../harness/postfix-receiver.ts'
import { type ReceivedMail, type Receiver, SIZE_LIMIT } from '../harness/receiver.ts'
import { Scene } from '../harness/scene.ts'
import { until } from '../harness/until.ts'
import { arrivedForm, VARIED_MESSAGES } from './varied-messages.ts'

const asRoot = process.getuid?.() === 0
const hasExim = peersInstalled('exim4') && asRoot
const hasOpenSmtpd = peersInstalled('smtpd') && asRoot
const hasPostfix = peersInstalled('postfix') && asRoot

const OWN_RECEIVED = /^Received: .*\n\tby mx\.example\.com .*\n(?:\t.*\n)*/m

/** How mail to the domain of this name goes. */
const WAYS = {
  'plain.test': '-o smtp_tls_security_level=none',
  'single.test': '-o smtp_tls_security_level=none',
  'tls.test': '-o smtp_tls_security_level=encrypt',
  'reuse.test': '-o smtp_connection_cache_destinations=static:all',
  'tls-reuse.test':
    '-o smtp_tls_security_level=encrypt -o smtp_tls_connection_reuse=yes ' +
    '-o smtp_connection_cache_destinations=static:all',
  'may.test': '-o smtp_tls_security_level=may',
  'sized.test': '-o smtp_connection_cache_on_demand=no', // One that is kept forgets its limit.
  'unsized.test': '-o smtp_discard_ehlo_keywords=size',
} as const
type Domain = keyof typeof WAYS

async function openScene(receiver: Receiver): Promise<Scene> {
  const domains = Object.keys(WAYS)
  const routes = domains.map((domain) => {
    const port = domain === 'single.test' ? receiver.portWithoutPipelining : receiver.port
    return `${domain}=${domain}:[127.0.0.1]:${port}`
  })
  const services = Object.entries(WAYS).map(([name, options]) => {
    return `${name} unix - - n - - smtp ${options}\n`
  })
  return Scene.open({
    parameters: {
      relayhost: '',
      minimal_backoff_time: '1s',
      queue_run_delay: '1s',
      transport_maps: `inline:{ ${routes.join(', ')}, example.org=discard: }`,
    },
    masterCf: (port) => masterCfFor(port) + services.join(''),
  })
}

const RECEIVERS = [
  { name: "Debian's Exim", start: startExim, isHere: hasExim, hasTls: true },
  {
    name: "Debian's OpenSMTPD",
    start: startOpenSmtpd,
    isHere: hasOpenSmtpd,
    hasTls: false,
  },
  {
    name: "smtpd of Debian's Postfix",
    start: () => PostfixReceiver.start(),
    isHere: hasPostfix,
    hasTls: true,
  },
  { name: 'smtp-server', start: () => NodeReceiver.start(), isHere: true, hasTls: true },
].filter(({ isHere }) => isHere)

describe.each(RECEIVERS)('with $name at the other end', ({ start, hasTls }) => {
  let receiver: Receiver
  let scene: Scene
  beforeAll(async () => {
    receiver = await start()
    scene = await openScene(receiver)
  })
  afterAll(async () => {
    await scene?.close()
    await receiver?.stop()
  })

  /** Hands it in and waits until it is gone from the queue. @returns its lines with a result. */
  async function send(recipients: readonly string[], content: string): Promise<string[]> {
    const { text } = await submitMessage(
      { host: '127.0.0.1', port: scene.port },
      {
        sender: 's@example.org',
        recipients,
        content: Buffer.from(content, 'latin1'),
      },
    )
    const id = /queued as (\w+)/.exec(text)?.[1] ?? text
    await scene.posthouse.logged(new RegExp(` ${id}: removed$`))
    return scene.posthouse.log.filter((line) => line.includes(` ${id}: to=<`))
  }

  /** What came for recipients in this domain, once there is so much. */
  async function arrivedIn(domain: Domain, count: number): Promise<ReceivedMail[]> {
    const found = () => receiver.received().filter((one) => one.recipient.endsWith(`@${domain}`))
    await until(
      () => found().length >= count,
      () => `${found().length} of ${count} in ${domain}:\n${receiver.logText().slice(-3000)}`,
    )
    return found()
  }

  /** Sends all messages there. @returns how what arrived differs from what should. */
  async function faultsOf(domain: Domain): Promise<string[]> {
    const expected = new Map<string, string>()
    const sending = VARIED_MESSAGES.map((message, at) => {
      const recipients = Array.from(
        { length: message.recipients },
        (_, k) => `m${at}r${k}@${domain}`,
      )
      for (const recipient of recipients) expected.set(recipient, arrivedForm(message))
      return send(recipients, message.content)
    })
    await Promise.all(sending)
    const arrived = await arrivedIn(domain, expected.size)
    const counted = arrived.length === expected.size ? [] : [`${arrived.length} arrived`]
    return [...counted, ...arrived.flatMap((mail) => difference(mail, expected))]
  }

  it.each(['plain.test', 'single.test'] as const)(
    'C-160: every message arrives byte for byte at each recipient: %s',
    async (domain) => {
      expect(await faultsOf(domain)).toEqual([])
    },
  )

  if (hasTls) {
    it('C-62: every message arrives over TLS, too', async () => {
      expect(await faultsOf('tls.test')).toEqual([])
    })
  } else {
    it('C-97: TLS that fails is done without at the next attempt', async () => {
      const lines = await send(['later@may.test'], VARIED_MESSAGES[0]!.content)
      const first = / dsn=4\.7\.5, status=deferred \(Cannot start TLS: handshake failure\)$/
      expect(lines[0]).toMatch(first)
      expect(lines.at(-1)).toMatch(/ dsn=2\.0\.0, status=sent \(250 /)
      expect(await arrivedIn('may.test', 1)).toHaveLength(1)
    })
  }

  it('C-79: a recipient that is refused, beside one that is taken', async () => {
    const recipients = ['refused@plain.test', 'taken@plain.test']
    const lines = await send(recipients, VARIED_MESSAGES[0]!.content)
    const results = lines.map((line) => line.slice(line.indexOf('to=<')))
    expect(results.sort()).toEqual([
      expect.stringMatching(/^to=<refused@plain\.test>.* status=bounced \(host .* said: 55\d /),
      expect.stringMatching(/^to=<taken@plain\.test>.* status=sent \(250 /),
    ])
    const mine = () => receiver.received().filter(({ recipient }) => recipients.includes(recipient))
    await until(
      () => mine().length > 0,
      () => receiver.logText().slice(-3000),
    )
    expect(mine().map(({ recipient }) => recipient)).toEqual(['taken@plain.test'])
  })

  const tooLarge = `${VARIED_MESSAGES[0]!.content}${'large\n'.repeat(SIZE_LIMIT / 6)}`

  it('C-77: a message that is larger than the server takes is not sent', async () => {
    const [line] = await send(['large@sized.test'], tooLarge)
    expect(line).toMatch(
      /dsn=5\.3\.4, status=bounced \(message size \d+ exceeds size limit 2097152 of server /,
    )
  })

  it('C-85: a message that is larger than it takes, without SIZE: the server says so', async () => {
    const [line] = await send(['large@unsized.test'], tooLarge)
    expect(line).toMatch(
      /status=bounced \(host .* said: 55\d .* \(in reply to end of DATA command\)/,
    )
  })

  it.each(hasTls ? (['reuse.test', 'tls-reuse.test'] as const) : (['reuse.test'] as const))(
    'C-112: one session for many messages: %s',
    async (domain) => {
      const lines: string[] = []
      for (const message of VARIED_MESSAGES.slice(0, 8)) {
        lines.push(...(await send([`one@${domain}`], message.content)))
      }
      const uses = lines.map((line) => /conn_use=(\d+)/.exec(line)?.[1] ?? '1')
      expect(uses).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
      const arrived = (await arrivedIn(domain, 8)).map(({ content }) => behindReceived(content))
      expect(arrived.sort()).toEqual(VARIED_MESSAGES.slice(0, 8).map(arrivedForm).sort())
    },
  )
})

/** What was handed in, of what arrived. */
function behindReceived(content: string): string {
  const found = OWN_RECEIVED.exec(content)
  return found === null ? content : content.slice(found.index + found[0].length)
}

function difference(mail: ReceivedMail, expected: ReadonlyMap<string, string>): string[] {
  const wanted = expected.get(mail.recipient)
  if (wanted === undefined) return [`${mail.recipient}: not of this test`]
  const arrived = behindReceived(mail.content)
  if (arrived === wanted) return []
  let at = 0
  while (arrived[at] === wanted[at]) at++
  const shown = [arrived, wanted].map((text) =>
    JSON.stringify(text.slice(Math.max(0, at - 20), at + 40)),
  )
  return [`${mail.recipient}, octet ${at}: ${shown.join(' instead of ')}`]
}
