import { once } from 'node:events'
import { createServer } from 'node:net'

import { type Clock, VirtualClock } from '@posthouse/clock'
import { afterEach, describe, expect, it } from 'vitest'

import { ScriptedServer, type Step } from '../test/scripted-server.ts'
import { HastyClock, tableContext } from '../test/table-context.ts'
import socketmapVectors from '../vectors/socketmap/replies.json' with { type: 'json' }
import tcpVectors from '../vectors/tcp/replies.json' with { type: 'json' }
import { LookupTableError } from './errors.ts'
import { openSocketmapTable } from './socketmap-table.ts'
import { type NetworkTable, openTcpTable } from './tcp-table.ts'

interface Vector {
  readonly keys: readonly string[]
  readonly connections: readonly (readonly Step[])[]
  readonly results: readonly unknown[]
  readonly warnings: readonly string[]
  readonly requests: readonly (readonly string[])[]
}

const TYPES = {
  tcp: {
    framing: 'line',
    open: openTcpTable,
    name: (port: number) => `127.0.0.1:${port}`,
    found: '200 v\n',
    vectors: tcpVectors.cases as (Vector & { name: string })[],
    maxIdleMs: 100_000,
  },
  socketmap: {
    framing: 'netstring',
    open: openSocketmapTable,
    name: (port: number) => `inet:127.0.0.1:${port}:map`,
    found: '4:OK v,',
    vectors: socketmapVectors.cases as (Vector & { name: string })[],
    maxIdleMs: 10_000,
  },
} as const

const tables: NetworkTable[] = []
const servers: ScriptedServer[] = []

afterEach(async () => {
  for (const table of tables.splice(0)) table.close()
  for (const server of servers.splice(0)) await server.close()
})

async function setUp(
  type: keyof typeof TYPES,
  connections: Vector['connections'],
  clock: Clock = new VirtualClock(),
) {
  const { framing, open, name } = TYPES[type]
  const server = await ScriptedServer.listen({ connections, framing })
  const warnings: string[] = []
  const table = open(name(server.port), tableContext(clock, warnings))
  servers.push(server)
  tables.push(table)
  return { server, table, warnings }
}

describe.each(['tcp', 'socketmap'] as const)('G-63, G-64: %s as Postfix', (type) => {
  it.each(TYPES[type].vectors)('$name', async (vector) => {
    const connections = JSON.parse(expand(JSON.stringify(vector.connections)))
    const { server, table, warnings } = await setUp(type, connections, new HastyClock())
    const results: unknown[] = []
    for (const key of vector.keys) {
      const value = await table.lookup(decode(key)).catch(failure)
      results.push(typeof value === 'string' ? encode(value) : (value ?? null))
      if (typeof value === 'object') break
    }
    const normal = warnings.map((warning) =>
      warning
        .replaceAll(String(server.port), 'PORT')
        .replace(/unexpected EOF \(.*\)/, 'unexpected EOF (...)'),
    )
    expect(results).toEqual(JSON.parse(expand(JSON.stringify(vector.results))))
    expect(normal).toEqual(vector.warnings.map(decode))
    expect(server.seen).toEqual(vector.requests.map((requests) => requests.map(expand)))
  })
})

// Strings of the vectors are bytes, a character each, with `<x*3>` for `xxx`.
const expand = (text: string) => text.replace(/<x\*(\d+)>/g, (_, count) => 'x'.repeat(+count))
const decode = (bytes: string) => Buffer.from(expand(bytes), 'latin1').toString('utf8')
const encode = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
const failure = (error: unknown) => ({
  error: error instanceof LookupTableError && error.code === 'lookup-failed',
})

describe.each(['tcp', 'socketmap'] as const)('a %s server', (type) => {
  const { found, maxIdleMs } = TYPES[type]
  const answering: Step[] = Array.from({ length: 2000 }, () => ({ send: found }))

  it('is asked over ten connections at once, and later lookups wait for one of them', async () => {
    const { server, table } = await setUp(type, [answering])
    const keys = Array.from({ length: 500 }, (_, at) => `key${at}`)
    const values = await Promise.all(keys.map((key) => table.lookup(key)))
    expect(values).toEqual(keys.map(() => 'v'))
    expect(server.seen.length).toBe(10)
    expect(server.requestCount).toBe(500)
    // The first ten went out at once, the others in the order in which they were asked for.
    const first = server.seen.map((requests) => /key\d+/.exec(requests[0] ?? '')?.[0])
    expect(first.toSorted()).toEqual(keys.slice(0, 10))
  })

  it('is asked over one connection when lookups follow each other', async () => {
    const { server, table } = await setUp(type, [answering])
    for (let count = 0; count < 20; count++) await table.lookup('key')
    expect(server.seen.length).toBe(1)
  })

  it('may be silent: 1000 lookups wait, the rest fails at once with one warning', async () => {
    const clock = new VirtualClock()
    const { server, table, warnings } = await setUp(type, [[]], clock)
    const lookups = Array.from({ length: 1012 }, () => table.lookup('key').catch(messageOf))
    const turnedAway = await Promise.all(lookups.slice(1010))
    expect(turnedAway[0]).toMatch(/lookup error: more than 1000 lookups are waiting$/)
    expect(warnings).toEqual([turnedAway[1]])
    await server.requested(10)
    await clock.run(30_000)
    const waited = await Promise.all(lookups.slice(10, 1010))
    expect(new Set(waited).size).toBe(1)
    expect(waited[0]).toMatch(/lookup error: all 10 connections were busy for 30 s$/)
    expect(warnings.length).toBe(1)
    expect(server.requestCount).toBe(10)
  })

  it('warns again when lookups are turned away anew', async () => {
    const { table, warnings } = await setUp(type, [answering])
    const wave = () => Array.from({ length: 1013 }, () => table.lookup('key').catch(messageOf))
    await Promise.all(wave())
    await Promise.all(wave())
    expect(warnings.length).toBe(2)
  })

  it('may say what nobody asked for: the connection is given up', async () => {
    const { server, table } = await setUp(type, [answering])
    await table.lookup('a')
    server.say(found)
    await server.connected(0)
    expect(await table.lookup('b')).toBe('v')
    expect(server.seen.length).toBe(2)
  })

  it('may send two replies for one request: the second is nobody else’s', async () => {
    const twice = found + found.replace('v', 'w')
    const { server, table } = await setUp(type, [[{ send: twice }], answering])
    expect(await table.lookup('a')).toBe('v')
    expect(await table.lookup('b')).toBe('v')
    expect(server.seen.map((requests) => requests.length)).toEqual([1, 1])
  })

  it('loses a connection that is idle', async () => {
    const clock = new VirtualClock()
    const { server, table } = await setUp(type, [answering], clock)
    await table.lookup('a')
    await clock.run(maxIdleMs - 1)
    await table.lookup('b')
    await clock.run(2 * maxIdleMs - 2)
    expect(server.sockets.size).toBe(1)
    await clock.run(2 * maxIdleMs - 1)
    await server.connected(0)
    expect(await table.lookup('c')).toBe('v')
    expect(server.seen.map((requests) => requests.length)).toEqual([2, 1])
  })

  it('has its time for each request anew, and is not idle while it works', async () => {
    const clock = new VirtualClock()
    const { server, table } = await setUp(type, [[{ send: found }], []], clock)
    await table.lookup('a')
    await clock.run(9_000)
    const lookup = table.lookup('b')
    await server.requested(2)
    await clock.run(108_999)
    expect(server.seen.length).toBe(1)
    server.say(found)
    expect(await lookup).toBe('v')
  })

  it('is not asked after close, even if it never was before', async () => {
    const { server, table } = await setUp(type, [answering])
    table.close()
    await expect(table.lookup('a')).rejects.toThrow(/the table is closed$/)
    expect(server.seen).toEqual([])
  })

  it('close ends connections and rejects lookups under way, waiting and to come', async () => {
    const clock = new VirtualClock()
    const { server, table, warnings } = await setUp(type, [[{ send: found }], []], clock)
    await table.lookup('a')
    const lookups = Array.from({ length: 20 }, () => table.lookup('key').catch(messageOf))
    await server.requested(11)
    table.close()
    table.close()
    lookups.push(table.lookup('late').catch(messageOf))
    const messages = await Promise.all(lookups)
    expect(new Set(messages).size).toBe(1)
    expect(messages[0]).toMatch(/lookup error: the table is closed$/)
    await server.connected(0)
    await clock.run(1_000_000)
    expect(server.requestCount).toBe(11)
    expect(warnings).toEqual([])
  })

  it('does not keep the process alive by a connection that rests', async () => {
    const { server, table } = await setUp(type, [[{ send: found }]])
    await table.lookup('a')
    const { getActiveResourcesInfo } = process
    const alive = () => getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const resting = alive()
    const lookup = table.lookup('b').catch(messageOf)
    await server.requested(2)
    expect(alive()).toBe(resting + 1)
    table.close()
    await lookup
  })

  it('that refuses connections is an error', async () => {
    const gone = createServer().listen({ port: 0, host: '127.0.0.1' })
    await once(gone, 'listening')
    const address = gone.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    gone.close()
    await once(gone, 'close')
    const warnings: string[] = []
    const context = tableContext(new HastyClock(), warnings)
    const table = TYPES[type].open(TYPES[type].name(port), context)
    const item = `${type}:${TYPES[type].name(port)}`
    const message = `table ${item} lookup error: Connection refused`
    await expect(table.lookup('a')).rejects.toMatchObject({ code: 'lookup-failed', item, message })
    const refused = `connect to TCP map 127.0.0.1:${port}: Connection refused`
    if (type === 'tcp') expect(warnings).toEqual(Array(10).fill(refused))
    else expect(warnings).toEqual([refused.replace('TCP map ', ''), message])
  })

  it('with a service name that nobody knows is an error of each lookup', async () => {
    const warnings: string[] = []
    const name = { tcp: 'localhost:nosuch', socketmap: 'inet:localhost:nosuch:map' }[type]
    const table = TYPES[type].open(name, tableContext(new HastyClock(), warnings))
    const problem = 'Servname not supported for ai_socktype'
    const reason = type === 'tcp' ? problem : 'Cannot assign requested address'
    const error = await table.lookup('a').catch(messageOf)
    expect(error).toBe(`table ${type}:${name} lookup error: ${reason}`)
    const connect = { tcp: 'connect to TCP map', socketmap: 'connect to' }[type]
    expect(warnings.slice(0, 2)).toEqual([
      `host or service localhost:nosuch not found: ${problem}`,
      `${connect} localhost:nosuch: Cannot assign requested address`,
    ])
  })

  it('is not asked for a key that is not UTF-8, if it must be', async () => {
    const { server, table, warnings } = await setUp(type, [answering])
    expect(await table.lookup('a\udcffb')).toBeUndefined()
    const item = `${type}:${TYPES[type].name(server.port)}`
    const reason = 'malformed UTF-8 or invalid codepoint'
    expect(warnings).toEqual([`${item}: non-UTF-8 key "a?b": ${reason}`])
    expect(server.seen).toEqual([])
  })

  it('may hold nothing that is sensitive', () => {
    const context = tableContext(new VirtualClock(), [], { securitySensitive: true })
    const reason = /^(tcp|socketmap):x:1 map is not allowed for security sensitive data$/
    expect(() => TYPES[type].open('x:1', context)).toThrow(reason)
  })
})

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
