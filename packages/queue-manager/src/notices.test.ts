import { describe, expect, it } from 'vitest'

import { type Deliver, START_MS, World } from '../test/harness.ts'

const HOUR_MS = 3_600_000

/** A world where local parts of recipients say what becomes of them. */
function world(options = {}): World {
  const kinds = { sent: 'sent', deferred: 'deferred', bounced: 'bounced' } as const
  const deliver: Deliver = ({ recipients }) => {
    const status = { sent: '2.0.0', deferred: '4.2.0', bounced: '5.1.1' }
    const common = { relay: 'mx[192.0.2.1]:25', doneMs: here.clock.now() }
    return {
      outcomes: recipients.map(({ address }) => {
        const kind = kinds[address.replace(/\d?@.*/, '') as keyof typeof kinds]
        return { kind, status: status[kind], text: kind, ...common }
      }),
    }
  }
  const here: World = new World(deliver, options)
  return here
}

/** Runs a queue manager that has the message in `incoming`. */
async function run(
  here: World,
  message: Parameters<World['store']['add']>[0],
  seconds = 1,
): Promise<void> {
  const manager = here.manager()
  await manager.start()
  manager.accept(here.store.add({ id: 'Q', ...message }))
  await here.run(seconds)
  await manager.drain()
}

describe('QueueManager: permanent failures', () => {
  it('S-30 row 2, S-88: are in the bounce log before they are done, and told', async () => {
    const here = world()
    const recipients = ['bounced1@x', 'bounced2@x', 'sent@x']
    await run(here, { recipients })
    expect(here.masked).toEqual([
      'qmgr: Q: from=<s@x.test>, size=200, nrcpt=3 (queue active)',
      'smtp: Q: to=<sent@x>, relay=mx[192.0.2.1]:25, dsn=2.0.0, status=sent (sent)',
      'smtp: Q: to=<bounced1@x>, relay=mx[192.0.2.1]:25, dsn=5.1.1, status=bounced (bounced)',
      'smtp: Q: to=<bounced2@x>, relay=mx[192.0.2.1]:25, dsn=5.1.1, status=bounced (bounced)',
      'qmgr: Q: removed',
    ])
    expect(here.store.calls.filter((call) => call.includes(' Q'))).toEqual([
      'move Q incoming active',
      'appendStatusLog bounce Q',
      'readStatusLog bounce Q',
      'markDone Q active 70 50 60',
      'removeStatusLog bounce Q',
      'remove Q active',
    ])
    expect(here.notices).toMatchObject([{ kind: 'failure', log: 'bounce', message: { id: 'Q' } }])
    const actions = here.notices[0]?.text.match(/recipient=.*|action=.*|status=.*/g)
    expect(actions).toEqual([
      ...['recipient=bounced1@x', 'status=5.1.1', 'action=failed'],
      ...['recipient=bounced2@x', 'status=5.1.1', 'action=failed'],
    ])
    expect(here.store.places()).toEqual({})
  })

  it('are marked while others are still under way, and told at the end', async () => {
    const here = world()
    const { deliver } = here
    here.deliver = async (request) => {
      if (request.nexthop === 'slow') await here.wait(5000)
      return deliver(request)
    }
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'Q', recipients: ['bounced@x', 'sent@slow'] }))
    await here.run(2)
    expect(here.notices).toEqual([])
    expect(here.store.files.get('Q')?.envelope.recipients).toMatchObject([{ address: 'sent@slow' }])
    await here.run(10)
    expect(here.notices).toHaveLength(1)
    expect(here.store.places()).toEqual({})
  })

  it.each(['failing', 'missing'])('S-91: are deferred when the bounce log is %s', async (how) => {
    const here = world()
    if (how === 'failing') here.store.failing.add('appendStatusLog bounce')
    else here.missing.add('bounce')
    const recipient = { address: 'bounced@x', original: 'o@x' }
    await run(here, { recipients: [recipient] })
    expect(here.masked.at(-2)).toContain('qmgr: warning: Q: bounce service failure: ')
    expect(here.masked.at(-1)).toBe(
      'smtp: Q: to=<bounced@x>, orig_to=<o@x>, relay=mx[192.0.2.1]:25, dsn=4.3.0, ' +
        'status=deferred (bounce or trace service failure)',
    )
    expect(here.notices).toEqual([])
    expect(here.store.places()).toEqual({ Q: 'deferred' })
    expect(here.store.files.get('Q')?.envelope.recipients).toHaveLength(1)
    const log = here.store.statusLogs.get('defer/Q')
    expect(log).toContain('status=4.3.0\naction=delayed\nreason=bounce or trace service failure\n')
  })

  it('S-30 row 2: stay in the log when nobody can be told, until somebody can', async () => {
    const here = world()
    here.send = () => Promise.reject(new Error('disk full'))
    await run(here, { recipients: ['bounced@x'] })
    expect(here.masked.slice(-2)).toEqual([
      'qmgr: warning: Q: bounce service failure: disk full',
      'qmgr: Q: status=deferred (bounce failed)',
    ])
    expect(here.store.places()).toEqual({ Q: 'deferred' })
    expect(here.store.statusLogs.has('bounce/Q')).toBe(true)
    here.send = async () => undefined
    const next = here.manager()
    await next.start()
    await here.run(1000)
    expect(here.requests).toHaveLength(1)
    expect(here.notices).toHaveLength(1)
    expect(here.store.places()).toEqual({})
    await next.drain()
  })

  it.each([
    ['s@x.test', '+=', false, 'verp-bounce'],
    ['s@x.test', '+=', true, 'bounce'],
    ['', '+=', false, 'bounce'],
    ['s@x.test', undefined, false, 'bounce'],
  ])(
    'S-29, S-30 row 2: from <%s>, VERP %s, disabled %s: say that the %s failed',
    async (...row) => {
      const [sender, verpDelimiters, disableVerpBounces, what] = row
      const here = world({ disableVerpBounces })
      here.send = () => Promise.reject(new Error('disk full'))
      const verp = verpDelimiters === undefined ? {} : { verpDelimiters }
      await run(here, { sender, recipients: ['bounced@x'], ...verp })
      expect(here.lines).toContain(`qmgr: Q: status=deferred (${what} failed)`)
    },
  )

  it('F-62: a log that a crash left is sent, though nobody fails any more', async () => {
    const here = world()
    here.store.add({ id: 'Q', recipients: ['sent@x'] }, 'active')
    here.store.statusLogs.set('bounce/Q', 'left\n')
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    expect(here.notices).toMatchObject([{ kind: 'failure', log: 'bounce', text: 'left\n' }])
    expect(here.store.places()).toEqual({})
    await manager.drain()
  })

  it('cost mail that does not fail nothing: it is not marked, and no log is written', async () => {
    const here = world()
    here.store.add({ id: 'Q', recipients: ['sent@x'] }, 'deferred', START_MS)
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    expect(here.store.calls.filter((call) => call.includes(' Q'))).toEqual([
      'move Q deferred active',
      'readEnvelope Q active',
      'removeStatusLog defer Q',
      'readStatusLog bounce Q',
      'remove Q active',
    ])
    await manager.drain()
  })

  it('F-63: are failures for now with soft_bounce, for transports that have it', async () => {
    const here = world({ softBounceTransports: new Set(['smtp']) })
    const diagnostic = '550 5.1.1 no such user'
    here.deliver = (request) => here.outcomes(request, 'bounced', { diagnostic })
    await run(here, { recipients: ['r@x', ''] })
    expect(here.masked).toContain(
      'smtp: Q: to=<r@x>, relay=mx[192.0.2.1]:25, dsn=4.1.1, status=SOFTBOUNCE (bounced)',
    )
    expect(here.masked).toContain(
      'error: Q: to=<>, relay=none, dsn=5.1.3, status=bounced (null recipient address)',
    )
    const log = here.store.statusLogs.get('defer/Q')
    expect(log).toContain('status=4.1.1\naction=delayed\ndiag_type=smtp\ndiag_text=450 5.1.1 no')
  })
})

describe('QueueManager: mail that waits', () => {
  it.each([
    ['s@x.test', 432_000_000, true],
    ['s@x.test', 431_998_999, false],
    ['', 100_000, true],
    ['', 98_000, false],
  ])('X-3, S-32: from <%s> aged %i ms: returned %s', async (sender, ageMs, isReturned) => {
    const here = world({ bounceQueueLifetimeMs: 100_000 })
    const recipients = ['deferred@x', 'sent@x']
    await run(here, { sender, createTimeMs: START_MS - ageMs, recipients })
    const line = `qmgr: Q: from=<${sender}>, status=expired, returned to sender`
    expect(here.lines.includes(line)).toBe(isReturned)
    expect(here.lines.includes('qmgr: Q: removed')).toBe(isReturned)
    expect(here.store.places()).toEqual(isReturned ? {} : { Q: 'deferred' })
    const notice = { kind: 'failure', log: 'defer', text: expect.stringContaining('<deferred@x>') }
    expect(here.notices).toMatchObject(isReturned ? [notice] : [])
    expect(here.store.statusLogs.has('defer/Q')).toBe(!isReturned)
  })

  it('S-32: is kept when it cannot be returned, and returned later', async () => {
    const here = world({ maximalQueueLifetimeMs: 0, bounceQueueLifetimeMs: 0 })
    here.send = () => Promise.reject(new Error('disk full'))
    await run(here, { recipients: ['deferred@x'], warningTimeMs: START_MS })
    expect(here.masked.slice(-3)).toEqual([
      'qmgr: Q: from=<s@x.test>, status=expired, returned to sender',
      'qmgr: warning: Q: defer service failure: disk full',
      'qmgr: Q: status=deferred (bounce failed)',
    ])
    expect(here.store.places()).toEqual({ Q: 'deferred' })
  })

  it.each(['appendStatusLog defer', 'readRecipients', 'bounce', 'trace'])(
    'S-32: is not returned as long as not all can be told: %s',
    async (what) => {
      const limits = { messageActiveLimit: 2, messageRecipientLimit: 2, messageRecipientMinimum: 2 }
      const here = world({ maximalQueueLifetimeMs: 0, bounceQueueLifetimeMs: 0, ...limits })
      here.store.failing.add(what)
      here.send = async ({ log }) => {
        if (here.store.failing.has(log)) throw new Error('disk full')
      }
      const others = { bounce: ['bounced@x'], trace: [{ address: 'sent@x', notify: 2 }] }[what]
      const recipients = others ?? ['deferred1@x', 'deferred2@x', 'deferred3@x']
      await run(here, { recipients, ...(what === 'trace' ? { isSuccessAsked: true } : {}) })
      expect(here.lines).toContain('qmgr: Q: status=deferred (bounce failed)')
      expect(here.notices).toEqual([])
      expect(here.store.places()).toEqual({ Q: 'deferred' })
      here.store.failing.clear()
      const next = here.manager()
      await next.start()
      await here.run(1000)
      await next.drain()
      const told = here.notices.map(({ log, text }) => [log, text.match(/^recipient=/gm)?.length])
      expect(told).toEqual([[others === undefined ? 'defer' : what, recipients.length]])
      expect(here.store.places()).toEqual({})
    },
  )

  it.each([
    [3598, false],
    [3599, true],
  ])('X-4, S-33: warned of at 3600 s: after %i s: %s, and once only', async (ageS, isDue) => {
    const here = world()
    const createTimeMs = START_MS - ageS * 1000
    const warningTimeMs = createTimeMs + HOUR_MS
    await run(here, { recipients: ['deferred@x'], createTimeMs, warningTimeMs })
    const told = here.notices.map(({ kind, log }) => ({ kind, log }))
    expect(told).toEqual(isDue ? [{ kind: 'delay', log: 'defer' }] : [])
    expect(here.store.files.get('Q')?.envelope.isDelaySent ?? false).toBe(isDue)
    expect(here.store.statusLogs.has('defer/Q')).toBe(true)
    if (!isDue) return
    const next = here.manager()
    await next.start()
    await here.run(3 * 3600)
    expect(here.requests.length).toBeGreaterThan(1)
    expect(here.notices).toHaveLength(1)
    await next.drain()
  })

  it('S-33: a warning that cannot be sent is due again after the next attempt', async () => {
    const here = world()
    here.send = () => Promise.reject(new Error('disk full'))
    await run(here, { recipients: ['deferred@x'], warningTimeMs: START_MS })
    expect(here.masked.at(-1)).toBe('qmgr: Q: status=deferred (delay warning failed)')
    expect(here.store.files.get('Q')?.envelope.warningTimeMs).toBe(START_MS)
  })

  it('F-20, F-43: a report of aliases is sent, though no recipient asks for one', async () => {
    const here = world()
    here.store.statusLogs.set('trace/Q', 'recipient=all@x\naction=expanded\n')
    const never = { address: 'sent@x', notify: 1 }
    await run(here, { recipients: [never], isSuccessAsked: true })
    expect(here.notices).toMatchObject([{ kind: 'trace', log: 'trace' }])
  })

  it('S-34: with confirm_delay_cleared its delivery is reported, if a delay was', async () => {
    const here = world({ confirmDelayCleared: true })
    const never = { address: 'sent2@x', notify: 1 }
    await run(here, { recipients: ['sent@x', never], isDelaySent: true })
    expect(here.notices).toMatchObject([{ kind: 'trace', log: 'trace' }])
    const { text } = here.notices[0]!
    expect(text.match(/^(?:recipient|action)=.*/gm)).toEqual(['recipient=sent@x', 'action=relayed'])
    expect(text).toContain('reason=delivery via mx[192.0.2.1]:25: sent\n')
    const other = world({ confirmDelayCleared: true })
    await run(other, { recipients: ['sent@x'] })
    expect(other.notices).toEqual([])
    const silent = world()
    await run(silent, { recipients: ['sent@x'], isDelaySent: true })
    expect(silent.notices).toEqual([])
  })

  it.each([
    [true, 1],
    [false, 0],
  ])('S-30 row 5: confirm_delay_cleared %s: of earlier deliveries %i are told', async (...row) => {
    const [confirmDelayCleared, count] = row
    const here = world({ confirmDelayCleared })
    here.store.statusLogs.set('trace/Q', 'recipient=sent@x\naction=relayed\n')
    await run(here, { recipients: [], isDelaySent: true })
    expect(here.notices).toHaveLength(count)
    expect(here.store.places()).toEqual({})
  })
})

describe('QueueManager: force-expired mail', () => {
  /** A defer log that tells of the recipients at these offsets. */
  const why = (...offsets: readonly number[]) =>
    offsets.map((offset) => `\nrecipient=r${offset}@x\noffset=${offset}\nreason=why\n\n`).join('')

  it('S-15, F-21: with a defer log is returned at once, and not tried', async () => {
    const here = world()
    here.store.statusLogs.set('defer/Q', why(50))
    here.store.add({ id: 'Q', recipients: ['sent@x'], isForceExpired: true })
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    expect(here.requests).toEqual([])
    expect(here.notices).toMatchObject([{ kind: 'failure', log: 'defer', text: why(50) }])
    expect(here.masked).toEqual([
      'qmgr: Q: from=<s@x.test>, size=200, nrcpt=1 (queue active)',
      'qmgr: Q: from=<s@x.test>, status=force-expired, returned to sender',
      'qmgr: Q: removed',
    ])
    await manager.drain()
  })

  it.each([
    ['one of two', why(60), {}],
    ['others only', why(60, 70), {}],
    ['those that were read', why(50, 60), { messageRecipientLimit: 2, messageRecipientMinimum: 2 }],
  ])('S-15: is returned for each recipient, though its defer log tells of %s', async (...row) => {
    const [, log, limits] = row
    const here = world({ messageActiveLimit: 2, ...limits })
    here.store.statusLogs.set('defer/Q', log)
    const count = 'messageRecipientLimit' in limits ? 5 : 2
    const recipients = Array.from({ length: count }, (_, at) => `sent${at}@x`)
    here.store.add({ id: 'Q', recipients, isForceExpired: true })
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    expect(here.requests).toEqual([])
    const [notice, ...others] = here.notices
    expect(others).toEqual([])
    expect(notice?.text.match(/(?<=^recipient=).*/gm)?.sort()).toEqual(recipients)
    expect(here.store.places()).toEqual({})
    await manager.drain()
  })

  it('S-15: no more is read of a message of which the log tells all', async () => {
    const here = world({
      messageActiveLimit: 2,
      messageRecipientLimit: 2,
      messageRecipientMinimum: 2,
    })
    const log = why(50, 60, 70, 80, 90)
    here.store.statusLogs.set('defer/Q', log)
    const recipients = Array.from({ length: 5 }, (_, at) => `sent${at}@x`)
    here.store.add({ id: 'Q', recipients, isForceExpired: true })
    await here.manager().start()
    await here.run(1)
    expect(here.notices).toMatchObject([{ log: 'defer', text: log }])
    expect(here.store.calls.filter((call) => call.startsWith('readRecipients'))).toEqual([])
    expect(here.store.places()).toEqual({})
  })

  it('S-15: of a redirected message the log tells of one', async () => {
    const here = world()
    here.store.statusLogs.set('defer/Q', why(0))
    const redirect = 'all@x'
    here.store.add({ id: 'Q', recipients: ['a@x', 'b@x'], redirect, isForceExpired: true })
    await here.manager().start()
    await here.run(1)
    expect(here.notices).toMatchObject([{ log: 'defer', text: why(0) }])
  })

  it('S-24 row 4: without a defer log says so for each recipient', async () => {
    const here = world()
    here.store.add({ id: 'Q', recipients: ['sent@x', ''], isForceExpired: true })
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    expect(here.requests).toEqual([])
    const text = 'dsn=4.7.0, status=deferred (message is administratively expired)'
    // Also who could never get it.
    for (const to of ['sent@x', '']) {
      expect(here.masked).toContain(`error: Q: to=<${to}>, relay=none, ${text}`)
    }
    expect(here.notices.map(({ log }) => log)).toEqual(['defer'])
    expect(here.store.places()).toEqual({})
    await manager.drain()
  })
})

describe('QueueManager: reports', () => {
  it('F-77: of NOTIFY=SUCCESS are of deliveries only, and not of those that the server reports', async () => {
    const here = world()
    const { deliver } = here
    here.deliver = async (request) => {
      const { outcomes } = await deliver(request)
      const reported = request.nexthop === 'dsn' ? { isReportedByServer: true } : {}
      return { outcomes: outcomes.map((one) => ({ ...one, ...reported })) }
    }
    const names = ['sent@x', 'sent@dsn', 'bounced@x', 'deferred@x']
    await run(here, { recipients: names.map((address) => ({ address, notify: 2 })) })
    const [failure, report] = here.notices
    expect(failure).toMatchObject({ kind: 'failure', log: 'bounce' })
    expect(report).toMatchObject({ kind: 'trace', log: 'trace' })
    expect(report?.text.match(/^recipient=.*/gm)).toEqual(['recipient=sent@x'])
    expect(here.store.places()).toEqual({ Q: 'deferred' })
  })

  it('F-77: of sendmail -v are of all outcomes of the first attempt', async () => {
    const here = world()
    const attributes = new Map([['trace_flags', '1024']])
    await run(here, { recipients: ['sent@x', 'bounced@x', 'deferred@x'], attributes })
    const report = here.notices.find(({ log }) => log === 'trace')
    expect(report?.text.match(/^action=.*/gm)?.sort()).toEqual([
      'action=delayed',
      'action=failed',
      'action=relayed',
    ])
    const next = here.manager()
    await next.start()
    await here.run(1000)
    expect(here.requests.length).toBeGreaterThan(1)
    expect(here.notices.filter(({ log }) => log === 'trace')).toHaveLength(1)
    await next.drain()
  })

  it('S-86: a probe of verify(8) is asked for and gone; nobody is told', async () => {
    const here = world({ softBounceTransports: new Set(['smtp']) })
    const attributes = new Map([['trace_flags', '256']])
    const asked = new Set<string>()
    here.ports = {
      resolve: (_, recipient, request) => {
        asked.add(request)
        return { kind: 'route', transport: 'smtp', nexthop: 'x', recipient }
      },
    }
    await run(here, { recipients: ['sent@x', 'bounced@x', 'deferred@x'], attributes })
    expect([...asked]).toEqual(['verify']) // S-23.
    expect(here.requests.every(({ isProbe }) => isProbe)).toBe(true)
    const relay = 'relay=mx[192.0.2.1]:25'
    expect(here.masked.slice(1).sort()).toEqual([
      'qmgr: Q: removed',
      `smtp: Q: to=<bounced@x>, ${relay}, dsn=5.1.1, status=undeliverable (bounced)`,
      `smtp: Q: to=<deferred@x>, ${relay}, dsn=4.2.0, status=undeliverable (deferred)`,
      `smtp: Q: to=<sent@x>, ${relay}, dsn=2.0.0, status=deliverable (sent)`,
    ])
    expect([here.notices, here.store.places()]).toEqual([[], {}])
  })

  it('F-77: of sendmail -bv say what could be delivered; nothing is, and nobody waits', async () => {
    const here = world()
    const attributes = new Map([['trace_flags', '512']])
    const recipients = ['sent@x', 'bounced@x', 'deferred@x', '']
    await run(here, { recipients, attributes, contentFilter: 'scan:' })
    expect(here.requests.every(({ isProbe, transport }) => isProbe && transport === 'smtp')).toBe(
      true,
    )
    const relay = 'relay=mx[192.0.2.1]:25'
    expect(here.masked).toEqual([
      'qmgr: Q: from=<s@x.test>, size=200, nrcpt=4 (queue active)',
      'error: Q: to=<>, relay=none, dsn=5.1.3, status=undeliverable (null recipient address)',
      `smtp: Q: to=<bounced@x>, ${relay}, dsn=5.1.1, status=undeliverable (bounced)`,
      `smtp: Q: to=<deferred@x>, ${relay}, dsn=4.2.0, status=undeliverable (deferred)`,
      `smtp: Q: to=<sent@x>, ${relay}, dsn=2.0.0, status=deliverable (sent)`,
      'qmgr: Q: removed',
    ])
    const [report, ...others] = here.notices
    expect(others).toEqual([])
    expect(report?.text.match(/^action=.*/gm)?.sort()).toEqual([
      'action=deliverable',
      ...Array.from({ length: 3 }, () => 'action=undeliverable'),
    ])
  })

  it('RFC 3461: an agent is told of ENVID and RET', async () => {
    const here = world()
    const attributes = new Map([
      ['envelope_id', 'e 1'],
      ['ret_flags', '2'],
    ])
    await run(here, { recipients: ['sent@x'], attributes })
    expect(here.requests).toMatchObject([{ envelopeId: 'e 1', returnContent: 'headers' }])
  })

  it('S-30 row 5: that cannot be sent are sent later; nobody gets the message again', async () => {
    const here = world()
    here.send = () => Promise.reject(new Error('disk full'))
    const recipients = [{ address: 'sent@x', notify: 2 }]
    await run(here, { recipients, isSuccessAsked: true })
    expect(here.lines.at(-1)).toBe('qmgr: Q: status=deferred (trace failed)')
    expect(here.store.places()).toEqual({ Q: 'deferred' })
    here.send = () => Promise.resolve()
    const next = here.manager()
    await next.start()
    await here.run(1000)
    await next.drain()
    expect(here.requests).toHaveLength(1)
    expect(here.notices).toMatchObject([{ kind: 'trace', log: 'trace' }])
    expect(here.store.places()).toEqual({})
  })

  it('are not waited for where the log cannot be written: the message has arrived', async () => {
    const here = world()
    here.store.failing.add('appendStatusLog trace')
    await run(here, { recipients: [{ address: 'sent@x', notify: 2 }] })
    expect(here.lines.join('\n')).toContain('qmgr: warning: Q: trace service failure: EIO')
    expect(here.notices).toEqual([])
    expect(here.store.places()).toEqual({})
  })

  it('S-91: of sendmail -bv are written later: it asks again', async () => {
    const here = world()
    here.store.failing.add('appendStatusLog trace')
    await run(here, { recipients: ['sent@x'], attributes: new Map([['trace_flags', '512']]) })
    expect(here.masked.at(-1)).toContain('(bounce or trace service failure)')
    expect(here.store.places()).toEqual({ Q: 'deferred' })
  })
})

it('S-88: who was delivered is done, though the failure of others cannot be written', async () => {
  const here = world()
  here.missing.add('bounce')
  await run(here, { recipients: ['bounced@x', { address: 'sent@x', notify: 2 }] })
  const { recipients } = here.store.files.get('Q')!.envelope
  expect(recipients).toMatchObject([{ address: 'bounced@x' }])
})

it('S-91: a status that does not go with what became of a recipient is replaced', async () => {
  const here: World = new World(({ recipients, ...request }) => ({
    outcomes: recipients.flatMap((one) => {
      const kind = one.address.startsWith('sent') ? 'sent' : 'deferred'
      return here.outcomes({ ...request, recipients: [one] }, kind, { status: '5.1.1' }).outcomes
    }),
  }))
  await run(here, { recipients: ['sent@x', 'deferred@x'] })
  expect(here.masked.join()).toMatch(/dsn=4\.0\.0, status=deferred.*dsn=2\.0\.0, status=sent/)
  expect(here.store.statusLogs.get('defer/Q')).toContain('status=4.0.0')
})

it('S-25: mail to the double bounce address of this machine is discarded', async () => {
  const here = world()
  here.ports = {
    resolve: (_, recipient) => {
      const addressClass = recipient.endsWith('@mx.x.test') ? 'local' : 'default'
      return { kind: 'route', transport: 'smtp', nexthop: 'x', recipient, addressClass }
    },
  }
  await run(here, { recipients: ['Double-Bounce@mx.x.test', 'double-bounce@elsewhere'] })
  const text = 'undeliverable postmaster notification discarded'
  expect(here.masked).toContain(
    `qmgr: Q: to=<Double-Bounce@mx.x.test>, relay=none, dsn=2.0.0, status=sent (${text})`,
  )
  expect(here.requests.flatMap(({ recipients }) => recipients)).toMatchObject([
    { address: 'double-bounce@elsewhere' },
  ])
})

it('S-19: a file that an agent finds to be damaged is set aside, when others are done', async () => {
  const here = world()
  const { deliver } = here
  here.deliver = async (request) => ({ ...(await deliver(request)), isCorrupt: true })
  await run(here, { recipients: ['deferred@x', 'sent@x'] })
  expect(here.store.places()).toEqual({ Q: 'corrupt' })
  expect(here.store.files.get('Q')?.envelope.recipients).toMatchObject([{ address: 'deferred@x' }])
  expect(here.lines.at(-1)).toBe(
    'qmgr: warning: saving corrupt file "Q" from queue "active" to queue "corrupt"',
  )
})
