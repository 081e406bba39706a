import { describe, expect, it } from 'vitest'

import { SETTINGS, START_MS, World } from '../test/harness.ts'
import { StoreError } from '../test/memory-store.ts'

/** A world whose agent answers at once, the same for all. */
function world(kind: 'sent' | 'deferred' | 'bounced' = 'sent', options = {}): World {
  const here: World = new World((request) => here.outcomes(request, kind), options)
  return here
}

const bytes = (text: string) => Buffer.from(text)

describe('QueueManager: a message', () => {
  it('S-15, S-16, G-163: is delivered, logged and removed', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    const recipients = ['w@disc.test', { address: 'z@disc.test', original: 'alias@x.test' }]
    manager.accept(
      here.store.add({ id: 'QID1', sender: 'a b@x', recipients }, 'incoming', START_MS),
    )
    await here.run(1)
    expect(here.masked).toEqual([
      'qmgr: QID1: from=<"a b"@x>, size=200, nrcpt=2 (queue active)',
      'smtp: QID1: to=<w@disc.test>, relay=mx[192.0.2.1]:25, dsn=2.0.0, status=sent (sent)',
      'smtp: QID1: to=<z@disc.test>, orig_to=<alias@x.test>, ' +
        'relay=mx[192.0.2.1]:25, dsn=2.0.0, status=sent (sent)',
      'qmgr: QID1: removed',
    ])
    expect(here.store.places()).toEqual({})
    expect(manager).toMatchObject({ messages: 0, recipients: 0 })
    // One rename and one removal: nothing is read back, nothing is marked.
    const calls = here.store.calls.filter((call) => call.includes('QID1'))
    expect(calls).toEqual(['move QID1 incoming active', 'remove QID1 active'])
  })

  it('F-87: that is put on hold while it is delivered has no recipients when it is released', async () => {
    const here: World = new World(async (request) => {
      await here.store.move('QID1', 'active', 'hold')
      return here.outcomes(request, 'sent')
    }, {})
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'QID1', recipients: ['a@x', 'b@x'] }))
    await here.run(1)
    expect(here.store.places()).toEqual({ QID1: 'hold' })
    expect(here.store.files.get('QID1')?.envelope.recipients).toEqual([])
    expect(here.masked.at(-1)).toBe(
      'qmgr: QID1: delivered, but moved from queue "active" meanwhile: all recipients are done',
    )
    expect(manager).toMatchObject({ messages: 0, recipients: 0 })
  })

  it('F-87: that is put on hold while it is deferred stays there, and says who is done', async () => {
    const here: World = new World(async (request) => {
      await here.store.move('QID1', 'active', 'hold')
      return here.outcomes(request, request.recipients[0]?.address === 'a@x' ? 'sent' : 'deferred')
    }, {})
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'QID1', recipients: ['a@x', 'b@y'] }))
    await here.run(1)
    expect(here.store.places()).toEqual({ QID1: 'hold' })
    const left = here.store.files.get('QID1')?.envelope.recipients
    expect(left?.map(({ address }) => address)).toEqual(['b@y'])
  })

  it('F-87: that is removed while it is delivered needs no words but that', async () => {
    const here: World = new World(async (request) => {
      here.store.files.delete('QID1')
      return here.outcomes(request, 'sent')
    }, {})
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'QID1', recipients: ['a@x'] }))
    await here.run(1)
    expect(here.masked.slice(2)).toEqual(['qmgr: QID1: removed'])
    expect(manager).toMatchObject({ messages: 0, recipients: 0 })
  })

  it('G-163, G-164: says in fields what its log lines say', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    const recipients = [{ address: 'z z@x', original: 'a a@x' }]
    manager.accept(here.store.add({ id: 'QID1', sender: 'a b@x', recipients }))
    await here.run(1)
    expect(here.fields).toMatchObject([
      { event: 'active', queueId: 'QID1', from: '"a b"@x', size: 200, recipientCount: 1 },
      {
        queueId: 'QID1',
        recipient: '"z z"@x',
        originalRecipient: '"a a"@x',
        relay: 'mx[192.0.2.1]:25',
        status: '2.0.0',
        action: 'sent',
        text: 'sent',
        times: { arrivalMs: expect.any(Number), doneMs: START_MS },
      },
      { event: 'removed', queueId: 'QID1' },
    ])
  })

  it('names the queue id in the fields of each line that begins with it', async () => {
    const here = world('bounced')
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'QID1', recipients: ['a@x', ''] }))
    await here.run(1)
    expect(here.lines.length).toBeGreaterThan(3)
    for (const [at, line] of here.lines.entries()) {
      expect(here.fields[at], line).toMatchObject({ queueId: 'QID1' })
    }
  })

  it('S-92: logs the time in each station', async () => {
    const here: World = new World(async (request) => {
      await here.wait(2000)
      const setupDoneMs = here.clock.now()
      await here.wait(3000)
      return here.outcomes(request, 'sent', { setupDoneMs })
    })
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ recipients: ['a@x'], arrivalTimeMs: START_MS - 1000 }))
    await here.run(10)
    expect(here.lines.join()).toContain('delay=6, delays=1/0/2/3,')
  })

  it('S-94: shows addresses in internal form if so configured', async () => {
    const here = world('sent', { infoLogAddressFormat: 'internal' })
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ sender: 'a b@x', recipients: ['c d@x'] }))
    await here.run(1)
    expect(here.lines[0]).toContain('from=<a b@x>')
    expect(here.lines[1]).toContain('to=<c d@x>')
  })

  it('S-86: the request tells the agent all it needs', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    const fields = { encoding: '8bit', sendOptions: 1, arrivalTimeMs: START_MS - 5 } as const
    manager.accept(here.store.add({ id: 'Q', recipients: ['ü@x'], ...fields }))
    await here.run(1)
    expect(here.requests).toEqual([
      {
        queueId: 'Q',
        transport: 'smtp',
        nexthop: 'x',
        sender: 's@x.test',
        recipients: [{ address: 'ü@x', notify: 0, offset: 50 }],
        contentOffset: 100,
        dataSize: 200,
        contentLength: 200,
        encoding: '8bit',
        sendOptions: 9,
        isProbe: false,
        attributes: new Map(),
        arrivalTimeMs: START_MS - 5,
        activeTimeMs: START_MS,
        handoffMs: START_MS,
        reuse: { load: false, store: false },
      },
    ])
  })

  it.each([
    [0, 300_000],
    [1_000_000, 1_000_000],
    [9_000_000, 4_000_000],
  ])('S-31: aged %i ms, it is tried again after %i ms', async (ageMs, backoffMs) => {
    const here = world('deferred')
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x'] }, 'incoming', START_MS - ageMs))
    await here.run(1)
    expect(here.store.files.get('Q')).toMatchObject({
      queue: 'deferred',
      modifiedMs: START_MS + backoffMs,
    })
    expect(here.store.statusLogs.get('defer/Q')).toMatch(/^recipient=a@x$(.*\n)*^status=4\.2\.0$/m)
    expect(here.lines).toContainEqual(expect.stringContaining('dsn=4.2.0, status=deferred (defer'))
    expect(manager).toMatchObject({ messages: 0, recipients: 0 })
  })

  it('X-1, S-41: is tried at the first deferred scan after its time, until delivered', async () => {
    const here = world('deferred')
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x'] }, 'incoming', START_MS))
    await here.run(9001)
    const ages = here.requests.map(({ handoffMs }) => (handoffMs - START_MS) / 1000)
    expect(ages).toEqual([0, 300, 600, 1200, 2400, 4800, 9000])
    here.deliver = (request) => here.outcomes(request)
    await here.run(4200)
    expect(here.store.places()).toEqual({})
    expect(here.store.statusLogs).toEqual(new Map())
  })

  it('F-53: marks who is done, and tries the others only', async () => {
    const here: World = new World((request) =>
      here.outcomes(request, request.nexthop === 'x' ? 'sent' : 'deferred'),
    )
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x', 'b@y', 'c@x'] }))
    await here.run(301)
    expect(here.requests.map(({ nexthop }) => nexthop)).toEqual(['x', 'y', 'y'])
    expect(here.store.calls).toContain('markDone Q active 50 70')
    const active = here.lines.filter((line) => line.includes('queue active'))
    expect(active).toEqual(Array(2).fill(expect.stringContaining('nrcpt=3')))
  })

  it('F-53: marks while other requests of the message are under way', async () => {
    const here: World = new World(async (request) => {
      await here.wait(request.nexthop === 'x' ? 1000 : 5000)
      return here.outcomes(request)
    })
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x', 'b@y'] }))
    await here.run(2)
    expect(here.store.calls).toContain('markDone Q active 50')
    await here.run(4)
    expect(here.store.places()).toEqual({})
  })

  it('S-15: without recipients to do it is removed at once', async () => {
    const here = world()
    here.store.add({ id: 'Q', recipients: [], recipientCount: 3 })
    await here.manager().start()
    await here.run(1)
    expect(here.lines).toEqual([
      'qmgr: Q: from=<s@x.test>, size=200, nrcpt=3 (queue active)',
      'qmgr: Q: removed',
    ])
  })
})

describe('QueueManager: recipients that cannot be tried', () => {
  it('S-24 rows 1 to 3, S-95: resolver failure, bad syntax, null recipient, error', async () => {
    const here = world()
    here.ports = {
      resolve: (_, recipient) => {
        if (recipient.startsWith('temp')) return { kind: 'temporary-failure' }
        if (recipient.startsWith('bad')) return { kind: 'bad-address' }
        if (recipient.startsWith('throw')) throw new Error('table is gone')
        const route = { kind: 'route', transport: 'smtp', nexthop: 'x' } as const
        // A resolver may well give what is null a name, and the other way round.
        if (recipient === '') return { ...route, recipient: 'MAILER-DAEMON@mx.x.test' }
        if (recipient.startsWith('null')) return { ...route, recipient: '' }
        return { kind: 'route', transport: 'error', nexthop: '5.1.6 User has moved', recipient }
      },
    }
    const manager = here.manager()
    await manager.start()
    const recipients = ['temp@x', 'bad@x', '', 'null@x', 'moved@x', 'throw@x']
    manager.accept(here.store.add({ id: 'Q', recipients }))
    await here.run(1)
    const to = (address: string, dsn: string, status: string) =>
      `error: Q: to=<${address}>, relay=none, dsn=${dsn}, status=${status}`
    expect(here.masked).toEqual(
      expect.arrayContaining([
        to('temp@x', '4.3.0', 'deferred (address resolver failure)'),
        to('throw@x', '4.3.0', 'deferred (address resolver failure)'),
        to('bad@x', '5.1.3', 'bounced (bad address syntax)'),
        to('', '5.1.3', 'bounced (null recipient address)'),
        to('null@x', '5.1.3', 'bounced (null recipient address)'),
        to('moved@x', '5.1.6', 'bounced (User has moved)'),
        'qmgr: warning: Q: address resolver failed for <throw@x>: Error: table is gone',
      ]),
    )
    expect(here.requests).toEqual([])
    expect(here.store.places()).toEqual({ Q: 'deferred' })
  })

  it.each([
    ['error', 'dsn=5.0.0, status=bounced (no)'],
    ['retry', 'dsn=4.0.0, status=deferred (no)'],
  ])('S-95: %s without a status: %s', async (transport, text) => {
    const here = world()
    here.ports = {
      resolve: (_, recipient) => ({ kind: 'route', transport, nexthop: 'no', recipient }),
    }
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ recipients: ['a@x'] }))
    await here.run(1)
    expect(here.masked.join()).toContain(`to=<a@x>, relay=none, ${text}`)
  })

  it('S-24 row 6: defer_transports, unless flushed', async () => {
    const here = world('sent', { deferTransports: ['smtp'] })
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x'] }))
    await here.run(1)
    expect(here.masked).toContain(
      'error: Q: to=<a@x>, relay=none, dsn=4.3.2, status=deferred (deferred transport)',
    )
    manager.trigger(bytes('FAD'))
    await here.run(1)
    expect(here.store.places()).toEqual({})
  })
})

describe('QueueManager: where mail goes instead', () => {
  it('S-21: a redirected message goes to one address', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    const fields = { redirect: 'boss@y', contentFilter: 'scan:[::1]' }
    manager.accept(here.store.add({ recipients: ['a@x', 'b@x'], ...fields }))
    await here.run(1)
    expect(here.requests).toMatchObject([{ nexthop: 'y', recipients: [{ address: 'boss@y' }] }])
    expect(here.store.places()).toEqual({})
    expect(manager).toMatchObject({ messages: 0, recipients: 0 })
  })

  it('S-21: the redirect address is completed, and stands for the first recipient', async () => {
    const here = world()
    here.ports = { rewrite: (address) => `${address}.test` }
    const manager = here.manager()
    await manager.start()
    const addresses = ['b@Y', 'c@x', 'b@x', 'a@z']
    const recipients = addresses.map((address) => ({ address, original: `of ${address}` }))
    manager.accept(here.store.add({ recipients, redirect: 'boss@host' }))
    await here.run(1)
    const [request] = here.requests
    expect(request?.recipients).toMatchObject([{ address: 'boss@host.test', original: 'of b@x' }])
  })

  it.each([
    ['scan:[127.0.0.1]:10025', '', 'scan', '[127.0.0.1]:10025'],
    ['scan', 'filter.test', 'scan', 'filter.test'],
    ['scan:', '', 'scan', 'x'],
    ['scan:', '', 'scan', 'mx.x.test', 'a'],
  ])('S-22: content filter %s', async (...row) => {
    const [contentFilter, defaultFilterNexthop, transport, nexthop, recipient = 'a@x'] = row
    const here = world('sent', { defaultFilterNexthop })
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ recipients: [recipient], contentFilter }))
    await here.run(1)
    expect(here.requests).toMatchObject([{ transport, nexthop }])
  })

  it('S-29: VERP expands the sender, unless it is null', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    const recipients = ['u1@foo.tst', 'u2@foo.tst']
    const add = (id: string, sender: string, verpDelimiters: string) =>
      manager.accept(here.store.add({ id, sender, verpDelimiters, recipients }))
    add('GOOD', 'owner@disc.test', '+=')
    add('NULL', '', '+=')
    await here.run(1)
    expect(here.requests.map(({ sender, recipients: { length } }) => [sender, length])).toEqual([
      ['owner+u1=foo.tst@disc.test', 1],
      ['owner+u2=foo.tst@disc.test', 1],
      ['', 2],
    ])
    expect(here.lines).toContain('qmgr: warning: NULL: ignoring VERP request for null sender')
  })
})

describe('QueueManager: destinations and transports', () => {
  it('O-9, S-83: a dead destination is not tried, its mail deferred', async () => {
    const reason = 'connect to 127.0.0.1[127.0.0.1]:7299: Connection refused'
    const blame = { status: '4.4.1', reason }
    const here: World = new World(
      async (request) => {
        await here.wait(30_000)
        const fields = { status: '4.4.1', relay: 'none', text: reason }
        return { ...here.outcomes(request, 'deferred', fields), blame }
      },
      { transport: () => ({ ...SETTINGS, destinationRecipientLimit: 2 }) },
    )
    const manager = here.manager()
    await manager.start()
    const recipients = Array.from({ length: 16 }, (_, i) => `a${String(i).padStart(2, '0')}@z`)
    manager.accept(here.store.add({ id: 'QID1', recipients }, 'incoming', START_MS))
    await here.run(30)
    expect(here.requests).toHaveLength(5)
    const suspended = `dsn=4.4.1, status=deferred (delivery temporarily suspended: ${reason})`
    const untried = here.masked.filter((line) => line.endsWith(suspended))
    expect(untried).toEqual(
      recipients.slice(10).map((to) => `error: QID1: to=<${to}>, relay=none, ${suspended}`),
    )
    expect(here.masked.filter((line) => line.startsWith('smtp: '))).toHaveLength(10)
    expect(here.store.files.get('QID1')).toMatchObject({ modifiedMs: START_MS + 330_000 })

    await here.run(1)
    manager.accept(here.store.add({ id: 'QID2', recipients: ['b@z'] }))
    await here.run(1)
    expect(here.requests).toHaveLength(5)
    expect(here.lines.at(-1)).toContain('delivery temporarily suspended')

    manager.trigger(bytes('F'))
    manager.accept(here.store.add({ id: 'QID3', recipients: ['c@z'] }))
    await here.run(1)
    expect(here.requests).toHaveLength(6)
  })

  it('O-13, S-80: a transport without agent is dead for transport_retry_time', async () => {
    const here = world()
    here.down.add('smtp')
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'QID1', recipients: ['a@x', 'b@y', 'c@z'] }))
    await here.run(10)
    manager.accept(here.store.add({ id: 'QID2', recipients: ['d@x'] }))
    await here.run(10)
    const warning =
      'qmgr: warning: connect to transport private/smtp: no delivery agent of this name'
    expect(here.lines.filter((line) => line === warning)).toHaveLength(1)
    const deferred = 'dsn=4.3.0, status=deferred (mail transport unavailable)'
    expect(here.lines.filter((line) => line.endsWith(deferred))).toHaveLength(4)
    await here.run(41)
    here.down.clear()
    manager.accept(here.store.add({ id: 'QID3', recipients: ['d@x'] }))
    await here.run(1)
    expect(here.lines.at(-1)).toBe('qmgr: QID3: removed')
    expect(here.store.places()).toEqual({ QID1: 'deferred', QID2: 'deferred' })
  })

  it.each<[string, Partial<World>]>([
    ['rejects', { deliver: () => Promise.reject(new Error('agent died')) }],
    ['answers nonsense', { deliver: () => ({ outcomes: [] }) }],
  ])('S-69, S-84: an agent that %s: deferred, and the destination blamed', async (_, agent) => {
    const here = world('sent', { transport: () => ({ ...SETTINGS, initial: 1 }) })
    Object.assign(here, agent)
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ id: 'QID1', recipients: ['a@x'] }))
    await here.run(1)
    expect(here.masked).toContain(
      'error: QID1: to=<a@x>, relay=none, ' +
        'dsn=4.3.0, status=deferred (unknown mail transport error)',
    )
    expect(here.lines.join()).toContain('warning: QID1: no answer from transport smtp: ')
    manager.accept(here.store.add({ id: 'QID2', recipients: ['a@x'] }))
    await here.run(1)
    expect(here.lines.at(-1)).toContain('suspended: unknown mail transport error')
  })

  it('S-69: blame for a delivery that is final changes nothing', async () => {
    const here = world('sent', { transport: () => ({ ...SETTINGS, initial: 1 }) })
    here.deliver = (request) => ({
      ...here.outcomes(request),
      blame: { status: '4.4.2', reason: 'lost connection after the final dot' },
    })
    const manager = here.manager()
    await manager.start()
    for (let i = 0; i < 3; i++) manager.accept(here.store.add({ recipients: ['a@x'] }))
    await here.run(1)
    expect(here.requests).toHaveLength(3)
  })

  it('S-26, S-24 row 6: the flush bit revives the destination, and mail is not held', async () => {
    const here = world('deferred', {
      transport: () => ({ ...SETTINGS, initial: 1 }),
      deferTransports: ['later'],
    })
    here.deliver = (request) => ({
      ...here.outcomes(request, 'deferred'),
      blame: { status: '4.4.1', reason: 'refused' },
    })
    const manager = here.manager()
    await manager.start()
    const accept = (fields: { flush?: boolean; contentFilter?: string }) => {
      manager.accept(here.store.add({ recipients: ['a@x'], ...fields }))
      return here.run(1)
    }
    await accept({})
    await accept({})
    expect(here.requests).toHaveLength(1)
    await accept({ flush: true })
    expect(here.requests).toHaveLength(2)
    await accept({ contentFilter: 'later:' })
    expect(here.requests).toHaveLength(2)
    await accept({ contentFilter: 'later:', flush: true })
    expect(here.requests).toHaveLength(3)
  })

  it('S-69: a recipient that is deferred speaks well of the destination', async () => {
    const here = world('deferred', { transport: () => ({ ...SETTINGS, initial: 1 }) })
    const manager = here.manager()
    await manager.start()
    for (let i = 0; i < 10; i++) manager.accept(here.store.add({ recipients: ['a@x'] }))
    await here.run(1)
    expect(here.requests).toHaveLength(10)
  })
})

describe('QueueManager: failures of the store', () => {
  it.each([
    [
      'unreadable',
      new StoreError('corrupt', 'Q: message rejected: missing end record', [
        'active/Q: unexpected EOF',
        'Q: message rejected: missing end record',
      ]),
    ],
  ])('S-19: a corrupt file is set aside: %s', async (_, error) => {
    const here = world()
    here.store.add({ id: 'Q', recipients: ['a@x'] })
    here.store.readEnvelope = () => Promise.reject(error)
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    expect(here.lines).toEqual([
      'qmgr: warning: active/Q: unexpected EOF',
      'qmgr: warning: Q: message rejected: missing end record',
      'qmgr: warning: saving corrupt file "Q" from queue "active" to queue "corrupt"',
    ])
    expect(here.store.places()).toEqual({ Q: 'corrupt' })
    expect(manager.messages).toBe(0)
  })

  it.each([
    'move Q incoming',
    'readEnvelope Q',
    'removeStatusLog',
    'remove Q',
    'markDone Q',
    'appendStatusLog',
    'move Q active deferred',
    'scan incoming',
  ])('keeps the mail when the store fails: %s', async (call) => {
    const here: World = new World((request) =>
      here.outcomes(request, request.nexthop === 'y' ? 'deferred' : 'sent'),
    )
    const manager = here.manager()
    here.store.failing.add(call)
    here.store.add({ id: 'Q', recipients: ['a@x', ...(call === 'remove Q' ? [] : ['b@y'])] })
    await manager.start()
    await here.run(200)
    expect(Array.from(here.store.files.keys())).toEqual(['Q'])
    expect(here.lines.join()).toMatch(/warning: .*EIO/)
    here.store.failing.clear()
    here.deliver = (request) => here.outcomes(request)
    await here.run(1000)
    expect(here.store.places()).toEqual({})
    expect(manager.messages).toBe(0)
    const toA = here.requests
      .flatMap(({ recipients }) => recipients)
      .filter((one) => one.address === 'a@x')
    // Who was delivered but could not be marked gets a duplicate; the log says so.
    expect(toA).toHaveLength(call === 'markDone Q' ? 2 : 1)
  })

  it('S-19: tries again when a damaged file cannot be set aside', async () => {
    const here: World = new World((request) => ({
      ...here.outcomes(request, 'deferred'),
      isCorrupt: true,
    }))
    here.store.failing.add('move Q active corrupt')
    here.store.add({ id: 'Q', recipients: ['a@x'] })
    await here.manager().start()
    await here.run(200)
    expect(here.store.places()).toEqual({ Q: 'active' })
    here.store.failing.clear()
    await here.run(700)
    expect(here.store.places()).toEqual({ Q: 'corrupt' })
  })

  it('F-21: the defer log of many recipients is written in parts', async () => {
    const here: World = new World((request) => here.outcomes(request, 'deferred'))
    here.store.add({ id: 'Q', recipients: Array.from({ length: 2500 }, (_, at) => `${at}@x`) })
    await here.manager().start()
    await here.run(200)
    const appended = here.store.calls.filter((call) => call === 'appendStatusLog defer Q')
    expect(appended.length).toBeGreaterThan(1)
    expect(here.store.statusLogs.get('defer/Q')?.match(/^recipient=/gm)).toHaveLength(2500)
  })

  it('marks at the end who could not be marked before', async () => {
    const here: World = new World(async (request) => {
      await here.wait(request.nexthop === 'x' ? 1000 : 5000)
      return here.outcomes(request, request.nexthop === 'x' ? 'sent' : 'deferred')
    })
    const manager = here.manager()
    await manager.start()
    here.store.failing.add('markDone')
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x', 'b@y'] }))
    await here.run(2)
    here.store.failing.clear()
    await here.run(10)
    const { recipients = [] } = here.store.files.get('Q')?.envelope ?? {}
    expect(recipients.map(({ address }) => address)).toEqual(['b@y'])
  })

  it('S-88: waits at the end for marks that may still fail, and writes them then', async () => {
    const here: World = new World(async (request) => {
      await here.wait(request.nexthop === 'x' ? 1000 : 2000)
      return here.outcomes(request, request.nexthop === 'x' ? 'sent' : 'deferred')
    })
    const { store } = here
    const markDone = store.markDone.bind(store)
    store.markDone = async () => {
      store.markDone = markDone
      await here.wait(3000)
      throw new Error('EIO')
    }
    store.add({ id: 'Q', recipients: ['a@x', 'b@y'] })
    await here.manager().start()
    await here.run(10)
    expect(store.places()).toEqual({ Q: 'deferred' })
    expect(store.files.get('Q')?.envelope.recipients).toMatchObject([{ address: 'b@y' }])
  })

  it('a redirected message that cannot be removed is not delivered again', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    here.store.failing.add('remove Q')
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x', 'b@x'], redirect: 'c@y' }))
    await here.run(1)
    expect(here.store.calls).toContain('markDone Q active 50 60')
    here.store.failing.clear()
    await here.run(1000)
    expect(here.store.places()).toEqual({})
    expect(here.requests).toHaveLength(1)
  })

  it('leaves the file to the next scan when it cannot be taken at once', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    await here.run(1)
    here.store.failing.add('move Q')
    manager.accept(here.store.add({ id: 'Q', recipients: ['a@x'] }))
    await here.run(1)
    expect(here.store.places()).toEqual({ Q: 'incoming' })
    here.store.failing.clear()
    await here.run(300)
    expect(here.store.places()).toEqual({})
  })

  it('says nothing when a file is gone before it was taken', async () => {
    const here = world()
    const manager = here.manager()
    await manager.start()
    const envelope = here.store.add({ id: 'Q', recipients: ['a@x'] })
    here.store.files.delete('Q')
    manager.accept(envelope)
    await here.run(1)
    expect(here.lines).toEqual([])
    expect(manager.messages).toBe(0)
  })
})

it('S-5: adjusts limits that contradict each other, and says so', async () => {
  const here = world('sent', { messageRecipientLimit: 1, bounceQueueLifetimeMs: 432_000_001 })
  here.manager()
  expect(here.lines).toEqual([
    'qmgr: warning: qmgr_message_recipient_limit is smaller than qmgr_message_active_limit - ' +
      'adjusting qmgr_message_recipient_limit',
    'qmgr: warning: bounce_queue_lifetime is larger than maximal_queue_lifetime - ' +
      'adjusting bounce_queue_lifetime',
  ])
})
