import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { VirtualClock } from '@posthouse/clock'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ask,
  CLIENT,
  closeAll,
  dial,
  ID,
  listen,
  listeners,
  MESSAGE,
  pause,
  QUEUED,
  RECIPIENT,
  REQUEST,
  SENDER,
  serve,
  sockets,
  waitFor,
} from '../test/serving.ts'
import vectors from '../vectors/wire.json' with { type: 'json' }

const NO_RECIPIENTS = '31:DError: no recipients specified,'

afterEach(closeAll)

describe('recorded conversations over loopback', () => {
  const cases = vectors.cases.filter(({ id }) => !/^net-([dt]|n17c)/.test(id))

  it.each(cases)('$id: $title', async ({ config, steps, reply, log }) => {
    const messageSizeLimit = Number(/message_size_limit=(\d+)/.exec(config)?.[1] ?? 10_240_000)
    const { port, lines } = await serve({ messageSizeLimit })
    const client = await dial(port)
    for (const { op, hex } of steps) {
      if (hex !== undefined) client.socket.write(Buffer.from(hex, 'hex'))
      else if (op === 'shutdown-write') client.socket.end()
      else if (op === 'sleep') await waitFor(lines, 'client=')
      else if (op === 'close') client.socket.destroySoon()
      else client.socket.resetAndDestroy()
    }
    if (reply.connection_end === 'EOF') {
      const expected = reply.text.replace('<LEN>', '26').replace('<QID>', ID)
      expect(await client.reply).toBe(expected)
    }
    await waitFor(lines, 'disconnect')
    expect(lines).toEqual(log.map((line) => line.replaceAll('<QID>', ID)))
  })

  it('T-30, T-31: net-t01 to net-t08, silence ends without a reply', async () => {
    const silent = vectors.cases.filter(({ id }) => id.startsWith('net-t'))
    expect(silent).toHaveLength(8)
    await Promise.all(
      silent.map(async ({ id, steps, log }) => {
        const { port, lines } = await serve({ timeoutMs: 30 })
        const client = await dial(port)
        for (const { hex = '' } of steps) client.socket.write(Buffer.from(hex, 'hex'))
        expect(await client.reply, id).toBe('')
        await waitFor(lines, 'disconnect')
        expect(lines, id).toEqual(log.map((line) => line.replaceAll('<QID>', ID)))
      }),
    )
  })
})

describe('a request', () => {
  it('T-01, Q-302: has its queue id before it is read, and is handed over whole', async () => {
    const { port, messages, lines } = await serve({ clock: new VirtualClock(5000) })
    const client = await dial(port)
    await waitFor(lines, 'client=')
    client.socket.write(REQUEST)
    expect(await client.reply).toBe(QUEUED)
    const { localPort } = client
    expect(messages).toEqual([
      {
        content: Buffer.from('Subject: hi\n\nbody\n'),
        sender: 's@example.org',
        recipients: ['r@example.net'],
        client: { name: 'localhost', address: '127.0.0.1', port: localPort, family: 4 },
        arrivalTimeMs: 5000,
      },
    ])
  })

  it('Q-321: carries the VERP delimiters that its sender asked for', async () => {
    const { port, messages } = await serve({})
    expect(await ask(port, `0:${MESSAGE}21:list-@example.org-@[],${RECIPIENT},`)).toBe(QUEUED)
    expect(messages[0]).toMatchObject({ sender: 'list@example.org', verpDelimiters: '-=' })
  })

  it('T-02, Q-107: may come in single bytes', async () => {
    const { port } = await serve({})
    const client = await dial(port)
    for (const byte of Buffer.from(REQUEST)) {
      client.socket.write(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    expect(await client.reply).toBe(QUEUED)
  })

  it('T-23, Q-205: what follows late does not destroy the reply', async () => {
    const submitted = Promise.withResolvers<void>()
    const { port, messages } = await serve({
      async onMessage() {
        await submitted.promise
        return { kind: 'ok', text: `Ok: queued as ${ID}` }
      },
    })
    const client = await dial(port)
    client.socket.write(REQUEST)
    await new Promise(setImmediate)
    client.socket.write(Buffer.alloc(200_000, 'garbage'))
    setImmediate(submitted.resolve)
    expect(await client.reply).toBe(QUEUED)
    expect(messages).toHaveLength(0)
  })

  it('T-27, Q-210: may be followed by a half-close, whatever the listener allows', async () => {
    const { port } = await serve(
      {
        async onMessage() {
          await pause(10)
          return { kind: 'ok', text: `Ok: queued as ${ID}` }
        },
      },
      { allowHalfOpen: false },
    )
    const client = await dial(port)
    client.socket.end(REQUEST)
    expect(await client.reply).toBe(QUEUED)
  })

  it('says in fields what its log lines say', async () => {
    const { port, lines, fields } = await serve({})
    await ask(port, REQUEST)
    await waitFor(lines, 'disconnect')
    const client = { clientName: 'localhost', clientAddress: '127.0.0.1' }
    expect(fields).toEqual([
      { event: 'connect', ...client },
      { event: 'client', queueId: ID, ...client },
      { event: 'disconnect', queueId: ID, ...client },
    ])
  })

  it('says in fields why a message was not taken', async () => {
    const { port, lines, fields } = await serve({})
    await ask(port, `39:${MESSAGE}${SENDER},`)
    await waitFor(lines, 'disconnect')
    const { port: silent, lines: others, fields: otherFields } = await serve({ timeoutMs: 30 })
    await dial(silent)
    await waitFor(others, 'disconnect')
    expect([fields[2], otherFields[2]]).toMatchObject([
      { queueId: ID, clientName: 'localhost', reason: 'Error: no recipients specified' },
      {
        queueId: ID,
        clientAddress: '127.0.0.1',
        reason: expect.stringMatching(/^read\/write tim/),
      },
    ])
  })

  it('T-28, Q-209: is queued also when the client leaves after the last byte', async () => {
    const { port, messages, lines } = await serve({})
    const client = await dial(port)
    client.socket.write(REQUEST, () => client.socket.destroy())
    await waitFor(lines, 'disconnect')
    expect(messages).toHaveLength(1)
  })

  it('T-29: is dropped when the client resets in the middle', async () => {
    const { port, messages, aborted, lines } = await serve({})
    const client = await dial(port)
    client.socket.write(`61:${MESSAGE.slice(0, 9)}`)
    await waitFor(lines, 'client=')
    client.socket.resetAndDestroy()
    await waitFor(lines, 'disconnect')
    expect(messages).toHaveLength(0)
    expect(aborted).toEqual([ID])
    expect(lines).toContain(`${ID}: ${CLIENT}: lost connection while receiving message content`)
  })

  it('T-29: a reset right after connect leaves no message behind', async () => {
    const { port, messages, lines } = await serve({})
    const client = await dial(port)
    client.socket.resetAndDestroy()
    await waitFor(lines, 'disconnect')
    expect(messages).toHaveLength(0)
    // Which of the two depends on whether the reset came before or after the accept.
    expect([
      `${ID}: ${CLIENT}: lost connection while receiving QMQP packet header`,
      'NOQUEUE: unknown[unknown]: lost connection while initializing client connection',
    ]).toContain(lines.at(-2))
  })

  it('T-29: a reset while the queue id is made ends as one while reading', async () => {
    const opening = Promise.withResolvers<{ id: string }>()
    const { port, lines, server } = await serve(
      { open: () => opening.promise },
      { pauseOnConnect: false },
    )
    const client = await dial(port)
    await waitFor(lines, 'connect')
    client.socket.resetAndDestroy()
    await pause(10)
    opening.resolve({ id: ID })
    await server.drain()
    expect(lines.slice(1)).toEqual([
      `${ID}: client=${CLIENT}`,
      `${ID}: ${CLIENT}: lost connection while receiving QMQP packet header`,
      `disconnect from ${CLIENT}`,
    ])
  })

  it.each([
    [false, 'unknown[unknown]'],
    [true, 'unknown[unknown]:unknown'],
  ])(
    'T-29, acc-x04, Q-311: a client gone before it is looked at has no name, port logging %s',
    async (clientPortLogging, client) => {
      const accepted = Promise.withResolvers<Socket>()
      const { lines, opened, server } = await serve({ clientPortLogging })
      const { port } = await listen({ pauseOnConnect: true }, accepted.resolve)
      const peer = await dial(port)
      const socket = await accepted.promise
      peer.socket.resetAndDestroy()
      await pause(10)
      server.handle(socket)
      await server.drain()
      expect(lines).toEqual([
        `connect from ${client}`,
        `NOQUEUE: ${client}: lost connection while initializing client connection`,
        `disconnect from ${client}`,
      ])
      expect(opened).toEqual([])
    },
  )

  it('Q-804: a reset after the reply is no error', async () => {
    const { port, lines } = await serve({})
    const socket = connect(port, '127.0.0.1')
    socket.write(REQUEST)
    const [reply] = await once(socket, 'data')
    socket.resetAndDestroy()
    expect(String(reply)).toBe(QUEUED)
    await waitFor(lines, 'disconnect')
    expect(lines).toEqual([
      `connect from ${CLIENT}`,
      `${ID}: client=${CLIENT}`,
      `disconnect from ${CLIENT}`,
    ])
  })

  it('Q-333: a reply that cannot be sent is logged', async () => {
    const submitted = Promise.withResolvers<void>()
    const { port, lines } = await serve({
      async onMessage() {
        await submitted.promise
        return { kind: 'permanent', text: 'Error: too many hops' }
      },
    })
    const client = await dial(port)
    client.socket.write(REQUEST)
    await waitFor(lines, 'client=')
    await pause(5)
    client.socket.resetAndDestroy()
    await pause(5)
    submitted.resolve()
    await waitFor(lines, 'disconnect')
    expect(lines.slice(2)).toEqual([
      `warning: ${ID}: ${CLIENT}: Error: too many hops`,
      `${ID}: ${CLIENT}: lost connection while sending completion status`,
      `disconnect from ${CLIENT}`,
    ])
  })

  it('Q-333, Q-351: a reply that nobody takes is given up', async () => {
    const text = 'x'.repeat(20_000_000)
    const onMessage = async () => ({ kind: 'ok', text }) as const
    const { port, lines } = await serve({ onMessage, timeoutMs: 50 })
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.pause()
    socket.write(REQUEST)
    await waitFor(lines, 'disconnect')
    expect(lines[2]).toBe(`${ID}: ${CLIENT}: read/write timeout while sending completion status`)
  })

  it('Q-206: a long reply is sent whole, to a slow client too', async () => {
    const text = 'x'.repeat(20_000_000)
    const onMessage = async () => ({ kind: 'ok', text }) as const
    const { port, lines } = await serve({ onMessage })
    const client = await dial(port)
    client.socket.pause()
    client.socket.write(REQUEST)
    await pause(50)
    expect(lines).toHaveLength(2)
    client.socket.resume()
    expect(await client.reply).toBe(`${text.length + 1}:K${text},`)
    await waitFor(lines, 'disconnect')
    expect(lines).toHaveLength(3)
  })

  it('T-32, Q-351: may take longer than the time limit of a single wait', async () => {
    const { port } = await serve({ timeoutMs: 500 })
    const client = await dial(port)
    for (const part of ['56:', MESSAGE, SENDER]) {
      client.socket.write(part)
      await pause(200)
    }
    client.socket.write(`${RECIPIENT},`)
    expect(await client.reply).toBe(QUEUED)
  })

  it('Q-353: but not longer than the limit of the whole', async () => {
    const clock = new VirtualClock()
    const { port, lines, aborted } = await serve({ clock, daemonTimeoutMs: 1000 })
    const client = await dial(port)
    await waitFor(lines, 'client=')
    await clock.run(999)
    client.socket.write('56:')
    await pause(5)
    expect(lines).toHaveLength(2)
    await clock.run(1000)
    client.socket.write('1')
    expect(await client.reply).toBe('')
    await waitFor(lines, 'disconnect')
    expect(lines[2]).toBe('fatal: watchdog timeout')
    expect(aborted).toEqual([ID])
  })
})

describe('a reply', () => {
  it.each([
    ['temporary', 'Z'],
    ['permanent', 'D'],
  ] as const)('Q-404: %s is logged', async (kind, status) => {
    const text = 'Error: 5.7.1 go away'
    const { port, lines } = await serve({ onMessage: async () => ({ kind, text }) })
    expect(await ask(port, REQUEST)).toBe(`21:${status}${text},`)
    expect(lines).toContain(`warning: ${ID}: ${CLIENT}: ${text}`)
  })

  it('T-34, Q-352: is never permanent with soft_bounce, with the same text', async () => {
    const { port, lines } = await serve({ softBounce: true })
    expect(await ask(port, 'x')).toBe(
      '58:Znetstring format error while receiving QMQP packet header,',
    )
    expect(await ask(port, `39:${MESSAGE}${SENDER},`)).toBe('31:ZError: no recipients specified,')
    expect(lines).toContain(`warning: ${ID}: ${CLIENT}: Error: no recipients specified`)
  })

  it('T-33, Q-350: is delayed if it is bad, and holds up nobody else', async () => {
    const clock = new VirtualClock()
    const { port, lines } = await serve({ clock, errorDelayMs: 3000 })
    const refused = await dial(port)
    refused.socket.write('x')
    const rejected = await dial(port)
    rejected.socket.write(`39:${MESSAGE}${SENDER},`)
    await waitFor(lines, 'warning')
    expect(await ask(port, REQUEST)).toBe(QUEUED)
    expect(lines.filter((line) => line.includes('while'))).toEqual([])
    await clock.run(2999)
    expect(refused.socket.bytesRead + rejected.socket.bytesRead).toBe(0)
    await clock.run(3000)
    expect(await rejected.reply).toBe(NO_RECIPIENTS)
    expect(await refused.reply).toContain('netstring format error')
    expect(lines.filter((line) => line.includes('while'))).toHaveLength(1)
  })

  it('T-82: notices in the delay that the client has gone', async () => {
    const clock = new VirtualClock()
    const { port, lines } = await serve({ clock, errorDelayMs: 3000 })
    const client = await dial(port)
    client.socket.write(`39:${MESSAGE}${SENDER},`)
    await waitFor(lines, 'warning')
    client.socket.resetAndDestroy()
    await pause(5)
    await clock.run(3000)
    await waitFor(lines, 'disconnect')
    expect(lines.slice(2)).toEqual([
      `warning: ${ID}: ${CLIENT}: Error: no recipients specified`,
      `${ID}: ${CLIENT}: lost connection while sending completion status`,
      `disconnect from ${CLIENT}`,
    ])
  })

  it('Q-327: is never ok for a message without recipients', async () => {
    const { port } = await serve({ onMessage: async () => ({ kind: 'ok', text: 'Ok' }) })
    expect(await ask(port, `39:${MESSAGE}${SENDER},`)).toBe(NO_RECIPIENTS)
  })

  it('Q-330: is temporary when the message cannot be stored', async () => {
    const { port, lines, aborted } = await serve({
      onMessage: () => Promise.reject(new Error('disk full')),
    })
    expect(await ask(port, REQUEST)).toBe('30:ZError: queue file write error,')
    expect(lines).toContain(`warning: ${ID}: disk full`)
    expect(aborted).toEqual([])
  })

  it('Q-322: refuses VERP delimiters, and drops the message', async () => {
    const { port, lines, messages, aborted } = await serve({})
    const reply = 'Error: Invalid VERP delimiters: "r=". Need two characters from "-=+"'
    expect(await ask(port, `0:${MESSAGE}26:list-owner@example.org-@[],${RECIPIENT},`)).toBe(
      `69:D${reply},`,
    )
    expect(lines).toContain(`warning: ${ID}: ${CLIENT}: ${reply}`)
    expect(messages).toEqual([])
    expect(aborted).toEqual([ID])
  })
})

describe('access', () => {
  it('T-40, Q-305, acc-x02: the unauthorized are answered before they say anything', async () => {
    const { port, lines, opened } = await serve({ authorize: () => false })
    const client = await dial(port)
    const text = `Error: ${CLIENT} is not authorized to use this service`
    expect(await client.reply).toBe(`66:D${text},`)
    expect(lines).toEqual([`connect from ${CLIENT}`, `disconnect from ${CLIENT}`])
    expect(opened).toEqual([])
  })

  it('Q-307: its reply arrives although it sent a lot', async () => {
    const { port } = await serve({ authorize: () => false })
    const client = await dial(port)
    client.socket.write(Buffer.alloc(3_000_000, 'x'))
    expect(await client.reply).toContain('is not authorized')
  })

  it('Q-307: a client that does not go is closed after a while', async () => {
    const clock = new VirtualClock()
    const { port, server } = await serve({ clock, authorize: () => false })
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    sockets.push(socket)
    socket.resume()
    await once(socket, 'end')
    const drained = server.drain()
    await clock.run(2000)
    await drained
  })

  it('T-47, Q-306: fails closed when the list cannot be evaluated', async () => {
    const { port, lines } = await serve({
      authorize() {
        throw new Error('qmqpd_authorized_clients: fail:blah: table lookup problem')
      },
    })
    expect(await ask(port, REQUEST)).toBe('34:ZError: server configuration error,')
    expect(lines).toEqual([
      `connect from ${CLIENT}`,
      'warning: qmqpd_authorized_clients: fail:blah: table lookup problem',
      `disconnect from ${CLIENT}`,
    ])
  })

  it('Q-333: says so when the client did not wait for its refusal', async () => {
    const clock = new VirtualClock()
    const { port, lines } = await serve({ clock, errorDelayMs: 1000, authorize: () => false })
    const client = await dial(port)
    await waitFor(lines, 'connect')
    client.socket.resetAndDestroy()
    await pause(5)
    await clock.run(1000)
    await waitFor(lines, 'disconnect')
    expect(lines[1]).toBe(
      `NOQUEUE: ${CLIENT}: lost connection while initializing client connection`,
    )
  })

  it('T-52, acc-p03: shows the port if asked', async () => {
    const { port, lines } = await serve({ clientPortLogging: true })
    const client = await dial(port)
    const { localPort } = client
    client.socket.write('x')
    await client.reply
    const label = `${CLIENT}:${localPort}`
    await waitFor(lines, 'disconnect')
    expect(lines).toEqual([
      `connect from ${label}`,
      `${ID}: client=${label}`,
      `${ID}: ${label}: netstring format error while receiving QMQP packet header`,
      `disconnect from ${label}`,
    ])
  })

  it('Q-312: a failed name lookup turns nobody away', async () => {
    const { port, lines } = await serve({
      lookupName: () => Promise.reject(new Error('resolver down')),
    })
    expect(await ask(port, REQUEST)).toBe(QUEUED)
    expect(lines.slice(0, 2)).toEqual([
      'warning: host name lookup for 127.0.0.1: resolver down',
      'connect from unknown[127.0.0.1]',
    ])
  })

  it('turns a client away before it is read while no mail can be taken', async () => {
    let isFull = true
    const reply = { kind: 'temporary', text: 'Error: insufficient system storage' } as const
    const { port, opened } = await serve({ unavailable: async () => (isFull ? reply : undefined) })
    expect(await ask(port, '')).toBe('35:ZError: insufficient system storage,')
    expect(opened).toEqual([])
    isFull = false
    expect(await ask(port, REQUEST)).toBe(QUEUED)
  })

  it('Q-356: no reply when no message can be begun', async () => {
    const { port, lines } = await serve({ open: () => Promise.reject(new Error('no queue')) })
    expect(await ask(port, '')).toBe('')
    await waitFor(lines, 'disconnect')
    expect(lines[1]).toBe(`error: ${CLIENT}: no queue`)
  })
})

describe('many connections', () => {
  it('Q-354: serves so many at once, and the others in turn', async () => {
    const { port, lines } = await serve({ maxConnections: 2 })
    const clients = await Promise.all(Array.from({ length: 5 }, () => dial(port)))
    await waitFor(lines, 'client=', 2)
    clients[4]?.socket.write(REQUEST)
    await pause(10)
    expect(lines.filter((line) => line.startsWith('connect'))).toHaveLength(2)
    for (const { socket } of clients.slice(0, 4)) socket.write(REQUEST)
    for (const client of clients) expect(await client.reply).toBe(QUEUED)
  })

  it('Q-354: closes those for which there is no room to wait', async () => {
    const { port, lines } = await serve({ maxConnections: 1, maxWaiting: 1 })
    const served = await dial(port)
    await waitFor(lines, 'client=')
    const waiting = await dial(port)
    await pause(5)
    expect(await ask(port, '')).toBe('')
    expect(await ask(port, '')).toBe('')
    const told = lines.filter((line) => /limit reached: 1 served, 1 waiting$/.test(line))
    expect(told).toHaveLength(1) // Whoever is turned away can come again at once.
    served.socket.write(REQUEST)
    waiting.socket.write(REQUEST)
    expect(await served.reply).toBe(QUEUED)
    expect(await waiting.reply).toBe(QUEUED)
  })

  it('drain: ends those in flight, and takes no more', async () => {
    const { port, lines, server } = await serve({ maxConnections: 1 })
    const served = await dial(port)
    await waitFor(lines, 'client=')
    const waiting = await dial(port)
    await pause(5)
    let isDrained = false
    const drained = server.drain().then(() => {
      isDrained = true
    })
    expect(await waiting.reply).toBe('')
    expect(await ask(port, REQUEST)).toBe('')
    expect(isDrained).toBe(false)
    served.socket.write(REQUEST)
    expect(await served.reply).toBe(QUEUED)
    await drained
    expect(lines.filter((line) => line.startsWith('connect'))).toHaveLength(1)
  })

  it('Q-354: a client that leaves while it waits takes no turn', async () => {
    const { port, lines, server } = await serve({ maxConnections: 1 }, { pauseOnConnect: false })
    const served = await dial(port)
    await waitFor(lines, 'client=')
    const waiting = await dial(port)
    await pause(5)
    waiting.socket.resetAndDestroy()
    await pause(10)
    served.socket.write(REQUEST)
    expect(await served.reply).toBe(QUEUED)
    await server.drain()
    expect(lines.filter((line) => line.startsWith('connect'))).toHaveLength(1)
  })

  it('a socket that was closed before it was handed in does not count', async () => {
    const { server, lines } = await serve({})
    const socket = new Socket()
    socket.destroy()
    await once(socket, 'close')
    server.handle(socket)
    await server.drain()
    expect(lines).toEqual([])
  })

  it('Q-311: a client on a UNIX-domain socket is localhost', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'qmqp-server-'))
    const path = join(directory, 'qmqp')
    const { server, lines } = await serve({ lookupName: () => 'unknown' })
    const listener = createServer((socket) => server.handle(socket))
    listeners.push(listener)
    listener.listen(path)
    await once(listener, 'listening')
    const socket = connect(path)
    socket.write(REQUEST)
    const [reply] = await once(socket, 'data')
    expect(String(reply)).toBe(QUEUED)
    expect(lines[0]).toBe(`connect from ${CLIENT}`)
    await rm(directory, { recursive: true })
  })

  it('drain: waits for a message that is being stored, though its client has gone', async () => {
    const stored = Promise.withResolvers<void>()
    const { port, lines, server } = await serve({
      async onMessage() {
        await stored.promise
        return { kind: 'ok', text: `Ok: queued as ${ID}` }
      },
    })
    const client = await dial(port)
    client.socket.write(REQUEST)
    await waitFor(lines, 'client=')
    await pause(5)
    client.socket.resetAndDestroy()
    await pause(5)
    let isDrained = false
    const drained = server.drain().then(() => {
      isDrained = true
    })
    await pause(5)
    expect(isDrained).toBe(false)
    stored.resolve()
    await drained
    expect(lines.at(-1)).toBe(`disconnect from ${CLIENT}`)
  })

  it('retire: serves those in flight and those that wait, and takes no more', async () => {
    const { port, lines, server } = await serve({ maxConnections: 1 })
    const [first, second] = [await dial(port), await dial(port)]
    await waitFor(lines, 'client=')
    let isRetired = false
    const retired = server.retire().then(() => {
      isRetired = true
    })
    expect(await ask(port, REQUEST)).toBe('')
    first.socket.write(REQUEST)
    expect(await first.reply).toBe(QUEUED)
    expect(isRetired).toBe(false)
    second.socket.write(REQUEST)
    expect(await second.reply).toBe(QUEUED)
    await retired
  })

  it('Q-309: a client of whom a table must tell does not take the turn of others', async () => {
    const told = Promise.withResolvers<boolean>()
    let isFirst = true
    const authorize = () => {
      const answer = isFirst ? told.promise : true
      isFirst = false
      return answer
    }
    const { port, lines, server } = await serve({ maxConnections: 1, authorize })
    const slow = await dial(port)
    await waitFor(lines, 'connect from')
    expect(await ask(port, REQUEST)).toBe(QUEUED)
    const quick = await dial(port)
    await expect.poll(() => lines.filter((line) => line.includes('client=')).length).toBe(2)
    told.resolve(true)
    await pause(5)
    // It is known now, and waits for its turn.
    expect(lines.filter((line) => line.includes('client='))).toHaveLength(2)
    const drained = server.retire()
    quick.socket.write(REQUEST)
    expect(await quick.reply).toBe(QUEUED)
    slow.socket.write(REQUEST)
    expect(await slow.reply).toBe(QUEUED)
    await drained
  })

  it('Q-309: beyond the limit such clients take a turn, and a failure ends it', async () => {
    const told = Promise.withResolvers<boolean>()
    const { port, lines, server } = await serve({
      maxConnections: 1,
      maxWaiting: 1,
      authorize: () => told.promise,
    })
    const clients = [await dial(port), await dial(port)]
    await expect.poll(() => lines.filter((line) => line.startsWith('connect')).length).toBe(2)
    clients.push(await dial(port)) // Waits.
    await pause(5)
    expect(lines.filter((line) => line.startsWith('connect'))).toHaveLength(2)
    told.reject(new Error('table lookup problem'))
    for (const { reply } of clients) expect(await reply).toContain('server configuration error')
    await server.drain()
  })

  it('drain after retire: turns away those that wait', async () => {
    const { port, lines, server } = await serve({ maxConnections: 1 })
    const [first, second] = [await dial(port), await dial(port)]
    await waitFor(lines, 'client=')
    const ended = Promise.all([server.retire(), server.drain()])
    expect(await second.reply).toBe('')
    first.socket.write(REQUEST)
    expect(await first.reply).toBe(QUEUED)
    await ended
  })

  it('drain: resolves at once when nobody is there', async () => {
    const { server } = await serve({})
    await server.drain()
    await server.drain()
  })
})
