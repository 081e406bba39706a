import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { VirtualClock } from '@posthouse/clock'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'

import { ScriptedServer, type Step } from '../test/scripted-server.ts'
import { tableContext } from '../test/table-context.ts'
import { openSocketmapTable } from './socketmap-table.ts'
import { type SocketmapReply, SocketmapReplyReader } from './socketmap-table-protocol.ts'
import type { NetworkTable } from './tcp-table.ts'

let server: ScriptedServer | undefined
let table: NetworkTable | undefined

afterEach(async () => {
  table?.close()
  await server?.close()
  server = undefined
})

async function setUp(connections: readonly (readonly Step[])[], clock = new VirtualClock()) {
  const warnings: string[] = []
  server = await ScriptedServer.listen({ connections, framing: 'netstring' })
  const item = `socketmap:inet:127.0.0.1:${server.port}:map`
  table = openSocketmapTable(item.slice('socketmap:'.length), tableContext(clock, warnings))
  return { server, table, warnings, item }
}

describe('openSocketmapTable', () => {
  it('G-64: a server that is silent has 100 s, once', async () => {
    const clock = new VirtualClock()
    const { server, table, warnings, item } = await setUp([[{ send: '4:OK ' }]], clock)
    const message = `table ${item} lookup error: time limit exceeded`
    const lookup = expect(table.lookup('a')).rejects.toMatchObject({ item, message })
    await server.requested(1)
    await clock.run(99_999)
    expect(warnings).toEqual([])
    await clock.run(100_000)
    await lookup
    expect(warnings).toEqual([message])
    expect(server.requestCount).toBe(1)
  })

  it('the second try has what the first has left of the 100 s', async () => {
    const clock = new VirtualClock()
    const { server, table, warnings } = await setUp([[]], clock)
    const lookup = expect(table.lookup('a')).rejects.toThrow(/time limit exceeded$/)
    await server.requested(1)
    await clock.run(60_000)
    for (const socket of server.sockets) socket.end()
    await server.requested(2)
    await clock.run(99_999)
    expect(warnings).toEqual([])
    await clock.run(100_000)
    await lookup
  })

  it('G-64: does not use a connection for more than 100 s', async () => {
    const clock = new VirtualClock()
    const answers = Array.from({ length: 30 }, () => ({ send: '4:OK v,' }))
    const { server, table } = await setUp([answers], clock)
    for (let at = 0; at <= 20; at++) {
      expect(await table.lookup('a')).toBe('v')
      await clock.run(clock.now() + 5000)
    }
    expect(server.seen.map((requests) => requests.length)).toEqual([20, 1])
  })

  it('G-64: a query of more than 10000 bytes is "not found"', async () => {
    const { server, table, warnings, item } = await setUp([[{ send: '4:OK v,' }]])
    expect(await table.lookup('x'.repeat(9996))).toBe('v')
    expect(await table.lookup('x'.repeat(9997))).toBeUndefined()
    expect(server.requestCount).toBe(1)
    const start = `map ${'x'.repeat(96)}`
    expect(warnings).toEqual([
      `table ${item} query too large: '${start}...', returning 'not found'`,
    ])
  })

  it('gives up a connection that breaks the format', async () => {
    const { server, table } = await setUp([[{ send: '4:OK vX' }], [{ send: '4:OK v,' }]])
    await expect(table.lookup('a')).rejects.toThrow(/lookup error: input format error$/)
    await server.connected(0)
    expect(await table.lookup('a')).toBe('v')
  })

  it.each(['unix', 'local'])(
    'G-64: asks a server on a socket of the file system: %s',
    async (type) => {
      const directory = mkdtempSync(join(tmpdir(), 'socketmap-'))
      const path = join(directory, 'so:ck')
      const connections = [[{ send: '4:OK v,' }]]
      server = await ScriptedServer.listen({ connections, framing: 'netstring', path })
      table = openSocketmapTable(`${type}:${path}:a b`, tableContext(new VirtualClock(), []))
      expect(await table.lookup('Key')).toBe('v')
      expect(server.seen).toEqual([['7:a b Key,']])
      table.close()
      await server.close()
      server = undefined
      const warnings: string[] = []
      table = openSocketmapTable(`unix:${path}:map`, tableContext(new VirtualClock(), warnings))
      await expect(table.lookup('a')).rejects.toThrow(/lookup error: No such file or directory$/)
      expect(warnings[0]).toBe(`connect to ${path}: No such file or directory`)
      rmSync(directory, { recursive: true })
    },
  )

  it.each([
    ['inet', 'socketmap requires server:socketmap argument'],
    ['inet:', 'need service transport:endpoint instead of "inet"'],
    ['unix::map', 'need service transport:endpoint instead of "unix:"'],
    ['unix:map', 'need service transport:endpoint instead of "unix"'],
    ['tcp:127.0.0.1:25:map', 'invalid transport name: tcp in service: tcp:127.0.0.1:25'],
    ['inet:127.0.0.1:25', '127.0.0.1: garbage after numerical service'],
    ['inet:127.0.0.1:25:ma:p', '127.0.0.1:25:ma: valid hostname or network address required'],
    ['inet:127.0.0.1::map', '127.0.0.1:: missing service information'],
  ])('G-51: does not open %j', (name, message) => {
    const open = () => openSocketmapTable(name, tableContext(new VirtualClock(), []))
    const item = `socketmap:${name}`
    expect(open).toThrow(expect.objectContaining({ code: 'unavailable', item, message }))
  })
})

describe('SocketmapReplyReader', () => {
  const payload = fc.oneof(
    fc.stringMatching(/^(OK|NOTFOUND|TEMP|TIMEOUT|PERM|WHAT) ?[ -~]{0,40}$/),
    fc.string({ maxLength: 30 }),
  )
  const wire = fc.oneof(
    payload.map((text) => `${Buffer.byteLength(text)}:${text},`),
    fc.string({ maxLength: 30 }),
  )

  it('G-64: reads the same reply however it is cut into chunks', () => {
    fc.assert(
      fc.property(wire, fc.array(fc.nat({ max: 10 }), { maxLength: 50 }), (text, cuts) => {
        const bytes = Buffer.from(text)
        expect(read(bytes, cuts)).toEqual(read(bytes, []))
      }),
    )
  })
})

function read(wire: Buffer, cuts: readonly number[]): SocketmapReply | undefined {
  const reader = new SocketmapReplyReader()
  let at = 0
  for (const cut of [...cuts, wire.length]) {
    const reply = reader.push(wire.subarray(at, at + cut))
    if (reply !== undefined) return reply
    at += cut
  }
  return reader.end()
}
