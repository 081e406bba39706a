import { VirtualClock } from '@posthouse/clock'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'

import { ScriptedServer, type Step } from '../test/scripted-server.ts'
import { HastyClock, tableContext } from '../test/table-context.ts'
import { type NetworkTable, openTcpTable } from './tcp-table.ts'
import { encodeTcpRequest, type TcpReply, TcpReplyReader } from './tcp-table-protocol.ts'

const LIMIT_MS = 100_000
let server: ScriptedServer | undefined
let table: NetworkTable | undefined

afterEach(async () => {
  table?.close()
  await server?.close()
})

async function setUp(steps: readonly Step[], clock: HastyClock | VirtualClock, smtputf8 = true) {
  const warnings: string[] = []
  server = await ScriptedServer.listen({ connections: [steps], framing: 'line' })
  const name = `127.0.0.1:${server.port}`
  table = openTcpTable(name, tableContext(clock, warnings, { smtputf8 }))
  return { server, table, warnings, reading: `read TCP map reply from ${name}:` }
}

describe('openTcpTable, where Postfix differs or says nothing', () => {
  it('G-63: logs why the server reports a temporary error, and keeps the connection', async () => {
    const steps = [{ send: '400 try%20la\x01ter\n' }, { send: '200 v\n' }]
    const { server, table, warnings, reading } = await setUp(steps, new VirtualClock())
    await expect(table.lookup('a')).rejects.toMatchObject({
      code: 'lookup-failed',
      message: `table tcp:127.0.0.1:${server.port} lookup error: temporary error`,
    })
    expect(warnings).toEqual([`${reading} temporary error: try la_ter`])
    expect(await table.lookup('b')).toBe('v')
    expect(server.seen.length).toBe(1)
  })

  it('a line that is cut off by an end of file is an end of file', async () => {
    const { table, warnings, reading } = await setUp(
      [{ send: '200 a', close: true }],
      new HastyClock(),
    )
    await expect(table.lookup('a')).rejects.toThrow(/lookup error: unexpected EOF$/)
    expect(warnings).toEqual(
      Array(10).fill(`${reading} unexpected EOF (connection closed by server)`),
    )
  })

  it('gives up a connection after a reply that it does not understand', async () => {
    const { server, table } = await setUp([{ send: '999 what\n' }], new VirtualClock())
    await expect(table.lookup('a')).rejects.toThrow(/lookup error: bad status code$/)
    await server.connected(0)
  })

  it('G-63: a server that is silent has 100 s, ten times, 1 s apart', async () => {
    const clock = new VirtualClock()
    const { server, table, warnings, reading } = await setUp([{ send: '200 v' }], clock)
    const lookup = expect(table.lookup('a')).rejects.toThrow(/lookup error: Connection timed out$/)
    for (let attempt = 1; attempt <= 10; attempt++) {
      await server.requested(attempt)
      const startMs = (attempt - 1) * (LIMIT_MS + 1000)
      await clock.run(startMs + LIMIT_MS - 1)
      expect(warnings.length).toBe(attempt - 1)
      await clock.run(startMs + LIMIT_MS)
      expect(warnings.length).toBe(attempt)
      await clock.run(startMs + LIMIT_MS + 999)
      expect(server.requestCount).toBe(attempt)
      await clock.run(startMs + LIMIT_MS + 1000)
    }
    await lookup
    expect(warnings).toEqual(Array(10).fill(`${reading} unexpected EOF (Connection timed out)`))
  })

  it('close ends a lookup that is between two tries', async () => {
    const clock = new VirtualClock()
    const { server, table, warnings } = await setUp([{ close: true }], clock)
    const lookup = table.lookup('a')
    await server.requested(1)
    await server.connected(0)
    while (warnings.length === 0) await clock.run(0)
    table.close()
    await expect(lookup).rejects.toThrow(/lookup error: the table is closed$/)
    await clock.run(1_000_000)
    expect(server.requestCount).toBe(1)
  })

  it('without SMTPUTF8 takes any bytes, both ways', async () => {
    const clock = new VirtualClock()
    const { server, table } = await setUp([{ send: '200 b\xff\n' }], clock, false)
    expect(await table.lookup('a\udcfe')).toBe('b\udcff')
    expect(server.seen).toEqual([['get a%FE\n']])
  })

  it.each([
    ['127.0.0.1:25x', '127.0.0.1:25x: garbage after numerical service'],
    ['127.0.0.1:', '127.0.0.1:: missing service information'],
    ['a:b:c', 'a:b:c: valid hostname or network address required'],
    ['a b:25', 'a b:25: valid hostname or network address required'],
    ['127.0.0.1:99999', '127.0.0.1:99999: port number must be at most 65535'],
  ])('G-51: does not open %j', (name, message) => {
    const open = () => openTcpTable(name, tableContext(new VirtualClock(), []))
    const item = `tcp:${name}`
    expect(open).toThrow(expect.objectContaining({ code: 'unavailable', item, message }))
  })
})

describe('TcpReplyReader', () => {
  const reply = fc.oneof(
    fc.stringMatching(/^[1-69]\d\d [ -~]{0,40}$/),
    fc.string({ maxLength: 30 }),
    fc.nat({ max: 5000 }).map((length) => `200 ${'x'.repeat(length)}`),
  )

  it('G-63: reads the same reply however it is cut into chunks', () => {
    fc.assert(
      fc.property(reply, fc.array(fc.nat({ max: 60 }), { maxLength: 200 }), (line, cuts) => {
        const wire = Buffer.from(`${line.replaceAll('\n', '')}\n`)
        const whole = new TcpReplyReader()
        const expected = whole.push(wire)
        const { reply, rest, inStep } = read(wire, cuts)
        expect(reply).toEqual(expected)
        // A line that is too long is known to be before its end has come.
        if (reply?.kind !== 'too-long') expect(rest).toBe(0)
        expect(inStep).toBe(whole.inStep)
      }),
    )
  })

  it('is out of step when there are bytes after the line', () => {
    const reader = new TcpReplyReader()
    expect(reader.push(Buffer.from('200 a\n2'))).toEqual({ kind: 'found', text: Buffer.from('a') })
    expect(reader.inStep).toBe(false)
  })

  it('G-63: decodes what encodeTcpRequest encodes, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ min: 1, max: 255, maxLength: 200 }), (bytes) => {
        const request = encodeTcpRequest(Buffer.from(bytes))
        expect(request.toString('latin1')).toMatch(/^get [!-~]*\n$/)
        const line = Buffer.concat([Buffer.from('200 '), request.subarray(4)])
        const reply = new TcpReplyReader().push(line)
        expect(reply).toEqual({ kind: 'found', text: Buffer.from(bytes) })
      }),
    )
  })
})

function read(wire: Buffer, cuts: readonly number[]) {
  const reader = new TcpReplyReader()
  let at = 0
  let reply: TcpReply | undefined
  for (const cut of [...cuts, wire.length]) {
    const chunk = wire.subarray(at, at + cut)
    at += chunk.length
    reply = reader.push(chunk)
    if (reply !== undefined) break
  }
  return { reply, rest: wire.length - at, inStep: reader.inStep }
}
