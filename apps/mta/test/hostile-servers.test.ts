import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { masterCfFor } from '../harness/configuration.ts'
import {
  type Character,
  drip,
  fallSilent,
  flood,
  freeze,
  HostileServer,
  hangUp,
  type Step,
} from '../harness/hostile-server.ts'
import { Scene } from '../harness/scene.ts'
import { certificatePath } from '../harness/secure-destination.ts'
import { until } from '../harness/until.ts'

/** Each time limit of smtp(8). */
const LIMIT_S = 2
/** A write that stalls is noticed after up to two times its limit, and the machine may be busy. */
const PATIENCE_S = 2 * LIMIT_S + 3
/** Of the mail system as a whole, with all of these servers at once. */
const MAX_GROWTH_KB = 150_000
const MAX_LATENCY_MS = 3000
const LARGE = `Subject: large\n\n${`${'x'.repeat(70)}\n`.repeat(110_000)}`

/** `daemon_timeout` of the service `watched`. */
const DELIVERY_LIMIT_S = 4

/**
 * Services of master.cf: `strict` has a deadline for each reply, `watched` a short one for the
 * delivery as a whole, `secret` wants TLS.
 */
type Service = 'smtp' | 'strict' | 'watched' | 'secret'

interface Case extends Character {
  readonly name: string
  readonly service?: Service
  readonly content?: string
  /** Of the line in the log: what follows `dsn=`. */
  readonly outcome: RegExp
}

const HOST = '127\\.0\\.0\\.1\\[127\\.0\\.0\\.1\\]'
const STARTTLS = ['STARTTLS', '8BITMIME']
const MEGABYTE = 'x'.repeat(1_000_000)

const LOST: readonly (readonly [Step, string])[] = [
  ['greeting', 'receiving the initial server greeting'],
  ['EHLO', 'performing the EHLO handshake'],
  ['MAIL', 'sending MAIL FROM'],
  ['RCPT', 'sending RCPT TO'],
  ['DATA', 'sending DATA command'],
  ['content', 'sending (message body|end of data -- message may be sent more than once)'],
  ['.', 'sending end of data -- message may be sent more than once'],
]

function lost(phase: string): RegExp {
  return new RegExp(
    `^4\\.4\\.2, status=deferred \\(lost connection with ${HOST} while ${phase}\\)$`,
  )
}

function timedOut(phase: string): RegExp {
  const text = `conversation with ${HOST} timed out while ${phase}`
  return new RegExp(`^4\\.4\\.2, status=deferred \\(${text}\\)$`)
}

const CASES: readonly Case[] = [
  ...LOST.map(([step, phase]) => ({
    name: `drops the connection at ${step}`,
    step,
    misdeed: hangUp,
    outcome: lost(phase),
  })),
  ...LOST.filter(([step]) => step !== 'content').map(([step, phase]) => ({
    name: `is silent at ${step}`,
    step,
    misdeed: fallSilent,
    outcome: timedOut(phase),
  })),
  ...LOST.filter(([step]) => step !== 'content').map(([step, phase]) => ({
    name: `says an octet a second at ${step}`,
    service: 'strict' as const,
    step,
    misdeed: drip('250-never ending\r\n'),
    outcome: timedOut(phase),
  })),
  ...LOST.filter(([step]) => step !== 'content').map(([step, phase]) => ({
    name: `has an endless reply at ${step}`,
    service: 'strict' as const,
    step,
    misdeed: flood('250-never ending\r\n'),
    outcome: timedOut(phase),
  })),
  ...LOST.filter(([step]) => step !== 'content').map(([step, phase]) => ({
    name: `has an endless reply without a deadline for replies at ${step}`,
    service: 'watched' as const,
    step,
    misdeed: flood(step === 'greeting' ? '220-never ending\r\n' : '250-never ending\r\n'),
    outcome: timedOut(phase),
  })),
  {
    name: 'has a line more each second at EHLO',
    service: 'watched',
    step: 'EHLO',
    misdeed: drip(['250-never ending\r\n']),
    outcome: timedOut('performing the EHLO handshake'),
  },
  {
    name: 'has an endless line',
    step: 'EHLO',
    misdeed: flood('x'),
    outcome: lost('performing the EHLO handshake'),
  },
  {
    name: 'has a line of 1 MB in its greeting',
    replies: { greeting: `220 ${MEGABYTE}` },
    outcome: lost('receiving the initial server greeting'),
  },
  {
    name: 'has lines of 1 MB in its reply',
    replies: { RCPT: `250-${MEGABYTE}\r\n250-${MEGABYTE}\r\n250 ok` },
    outcome: lost('sending RCPT TO'),
  },
  {
    name: 'has a reply of 100,000 lines',
    replies: { '.': `${'250-ok\r\n'.repeat(100_000)}250 2.0.0 taken` },
    outcome: /^2\.0\.0, status=sent \(250-ok 250-ok /,
  },
  {
    name: 'says yes for ever before it is asked',
    step: 'greeting',
    misdeed: flood('250 2.0.0 yes\r\n'),
    outcome:
      /^5\.5\.0, status=bounced \(Protocol error: host .* said: 250 2\.0\.0 yes \(in reply to DATA/,
  },
  {
    name: 'never reads',
    step: 'content',
    misdeed: freeze,
    content: LARGE,
    outcome: timedOut('sending message body'),
  },
  {
    name: 'never reads, with a deadline',
    service: 'strict',
    step: 'content',
    misdeed: freeze,
    content: LARGE,
    outcome: timedOut('sending message body'),
  },
  {
    name: 'says later to a greeting',
    replies: { greeting: '421 4.3.2 later' },
    outcome: /^4\.3\.2, status=deferred \(host .* refused to talk to me: 421 4\.3\.2 later\)$/,
  },
  {
    name: 'says later to all commands',
    replies: { MAIL: '450 4.1.0 no', RCPT: '450 4.1.1 no', DATA: '450 4.5.1 no', RSET: '450 no' },
    outcome: /^4\.1\.0, status=deferred \(host .* said: 450 4\.1\.0 no \(in reply to MAIL FROM/,
  },
  {
    name: 'says more before TLS than it should',
    service: 'secret',
    keywords: STARTTLS,
    replies: { STARTTLS: '220 go\r\n250 injected\r\n250 injected\r\n354 injected\r\n250 injected' },
    outcome: /^2\.0\.0, status=sent \(250 2\.0\.0 ok\)$/,
  },
  {
    name: 'talks nonsense instead of TLS',
    service: 'secret',
    keywords: STARTTLS,
    step: 'STARTTLS',
    misdeed: (socket) => void socket.write('220 go\r\n220 still here\r\n220 still here\r\n'),
    outcome: /^4\.7\.5, status=deferred \(Cannot start TLS: handshake failure\)$/,
  },
  {
    name: 'is silent instead of TLS',
    service: 'secret',
    keywords: STARTTLS,
    step: 'STARTTLS',
    misdeed: (socket) => void socket.write('220 go\r\n'),
    outcome: /^4\.7\.5, status=deferred \(Cannot start TLS: handshake failure\)$/,
  },
  {
    name: 'drops the connection after the TLS handshake',
    service: 'secret',
    keywords: STARTTLS,
    step: 'TLS',
    misdeed: hangUp,
    outcome: lost('performing the EHLO handshake'),
  },
  {
    name: 'is silent after the TLS handshake',
    service: 'secret',
    keywords: STARTTLS,
    step: 'TLS',
    misdeed: fallSilent,
    outcome: timedOut('performing the EHLO handshake'),
  },
]

function services(port: number): string {
  const service = (name: Service, option: string) => `${name} unix - - n - - smtp -o ${option}\n`
  return [
    masterCfFor(port),
    service('strict', 'smtp_per_request_deadline=yes'),
    service('watched', `daemon_timeout=${DELIVERY_LIMIT_S}s`),
    service('secret', 'smtp_tls_security_level=encrypt'),
  ].join('')
}

function limits(): Record<string, string> {
  const names = 'connect helo starttls mail rcpt data_init data_xfer data_done rset quit'.split(' ')
  return Object.fromEntries(names.map((name) => [`smtp_${name}_timeout`, `${LIMIT_S}s`]))
}

function residentKb(processId: number): number {
  const status = readFileSync(`/proc/${processId}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
}

interface Attempt {
  readonly outcome: string
  readonly seconds: number
}

describe('beside hostile servers', () => {
  let scene: Scene
  let growthKb = 0
  const servers: HostileServer[] = []
  const attempts = new Map<string, Promise<Attempt>>()
  const latenciesMs: number[] = []

  beforeAll(async () => {
    const routes: string[] = []
    for (const [at, one] of CASES.entries()) {
      const server = await HostileServer.listen(one)
      servers.push(server)
      routes.push(`{c${at}.test = ${one.service ?? 'smtp'}:[127.0.0.1]:${server.port}}`)
    }
    const transports = { transport_maps: `inline:{ ${routes.join(' ')} }` }
    const tls = { smtp_tls_CAfile: certificatePath('ca.pem') }
    scene = await Scene.open({
      parameters: { ...limits(), ...tls, ...transports },
      masterCf: services,
    })
    await deliverGoodMail('warm-up')
    latenciesMs.length = 0
    const before = residentKb(scene.posthouse.processId)
    const submissions = CASES.map((one, at) => ({ one, recipient: `r@c${at}.test` }))
    // What is large keeps the disk busy for a while, which is no server's fault.
    for (const { one, recipient } of submissions) {
      if (one.content !== undefined) await begin(one, recipient)
    }
    for (const { one, recipient } of submissions) {
      if (one.content === undefined) await begin(one, recipient)
    }
    const all = Promise.allSettled(attempts.values())
    let isOver = false
    void all.then(() => {
      isOver = true
    })
    for (let count = 0; !isOver; count++) {
      await deliverGoodMail(`good${count}`)
      growthKb = Math.max(growthKb, residentKb(scene.posthouse.processId) - before)
      await sleep(100)
    }
  }, 60_000)
  afterAll(async () => {
    await scene?.close()
    for (const server of servers) server.close()
  })

  async function begin({ name, content }: Case, recipient: string): Promise<void> {
    expect(await scene.submit([recipient], content)).toMatchObject({ kind: 'accepted' })
    attempts.set(name, attempt(recipient))
  }

  async function attempt(recipient: string): Promise<Attempt> {
    const startMs = performance.now()
    const line = await scene.posthouse.logged(new RegExp(`to=<${recipient}>.* status=`))
    const seconds = (performance.now() - startMs) / 1000
    return { outcome: /, dsn=(.*)$/.exec(line)?.[1] ?? '', seconds }
  }

  async function deliverGoodMail(name: string): Promise<void> {
    const recipient = `${name}@good.test`
    const startMs = performance.now()
    await scene.submit([recipient])
    await until(
      () => scene.arrivals.some((arrival) => arrival.recipient === recipient),
      () => `${recipient} has nothing`,
    )
    latenciesMs.push(performance.now() - startMs)
  }

  it.each(CASES)('C-36, C-92: one that $name', async ({ name, outcome }) => {
    const attempt = await attempts.get(name)
    expect(attempt?.outcome).toMatch(outcome)
    expect(attempt?.seconds).toBeLessThan(PATIENCE_S)
  })

  it('G-89: the log says which deliveries were given up at daemon_timeout', async () => {
    const text = /warning: \w+: delivery to .* is not over after daemon_timeout \(4 s\): giving up$/
    const watched = CASES.filter(({ service }) => service === 'watched')
    const warnings = scene.posthouse.log.filter((line) => text.test(line))
    expect(warnings).toHaveLength(watched.length)
  })

  it('no connection is left open', async () => {
    for (const { open } of servers) for (const socket of open) socket.resume() // To see its end.
    const stillOpen = () => CASES.filter((_, at) => servers[at]!.open.size > 0)
    await expect.poll(() => stillOpen().map(({ name }) => name)).toEqual([])
  })

  it('mail for another destination is not delayed', () => {
    const slowest = Math.max(...latenciesMs)
    console.log(`${latenciesMs.length} messages to another one, ${Math.round(slowest)} ms at most`)
    expect(slowest).toBeLessThan(MAX_LATENCY_MS)
  })

  it('memory is bounded', () => {
    console.log(`memory grew by ${Math.round(growthKb / 1000)} MB`)
    expect(growthKb).toBeLessThan(MAX_GROWTH_KB)
  })
})
