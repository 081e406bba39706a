import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { VirtualClock } from '@posthouse/clock'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'

import {
  afterRequest,
  closeServers,
  listenOn,
  refusingPort,
  trickle,
} from '../test/scripted-servers.ts'
import {
  type QmqpFailover,
  type QmqpServerAddress,
  type QmqpSubmission,
  type SubmitToOneOfOptions,
  submitToOneOf,
} from './index.ts'

const MESSAGE: QmqpSubmission = {
  content: Buffer.from('Subject: hi\n\nbody\n'),
  sender: 's@example.org',
  recipients: ['r@example.net'],
}
const LARGE = { ...MESSAGE, content: Buffer.alloc(20_000_000, 'x\n') }
const K = '26:KOk: queued as 4F8A023020C,'
const QUICK: SubmitToOneOfOptions = { replyTimeoutMs: 60 }

afterEach(closeServers)

const local = (port: number): QmqpServerAddress => ({ host: '127.0.0.1', port })
const answering = (text: string) => afterRequest((socket) => socket.end(text))

/** What a server does once it has the request, and how far the client gets with it. */
const BEHAVIOURS = {
  refuses: { stage: 'connecting', act: undefined },
  'answers K': { stage: 'accepted', act: (socket: Socket) => socket.end(K) },
  'answers K in bytes': { stage: 'accepted', act: (socket: Socket) => trickle(socket, K) },
  'answers Z': { stage: 'refused', act: (socket: Socket) => socket.end('2:Zz,') },
  'answers D': { stage: 'permanent', act: (socket: Socket) => socket.end('2:Dd,') },
  'is silent': { stage: 'unknown', act: () => undefined },
  resets: { stage: 'unknown', act: (socket: Socket) => socket.resetAndDestroy() },
  closes: { stage: 'unknown', act: (socket: Socket) => socket.end() },
  'stops in its reply': { stage: 'unknown', act: (socket: Socket) => socket.end('26:KOk') },
  'answers K after garbage': { stage: 'unknown', act: (socket: Socket) => socket.end(`x${K}`) },
  'has an endless length': {
    stage: 'unknown',
    act: (socket: Socket) => socket.write('1'.repeat(100_000)),
  },
  'never ends its reply': {
    stage: 'unknown',
    act: (socket: Socket) => void trickle(socket, `10000:K${'x'.repeat(10_000)}`),
  },
} as const
type Behaviour = keyof typeof BEHAVIOURS

const GOES_ON: Record<QmqpFailover, readonly string[]> = {
  unreachable: ['connecting'],
  'not-taken': ['connecting', 'refused'],
  'perhaps-taken': ['connecting', 'refused', 'unknown'],
}

/** Servers that behave so, and how often each got a whole request. */
async function serversThat(behaviours: readonly Behaviour[]) {
  const requests = behaviours.map(() => 0)
  const servers: QmqpServerAddress[] = []
  for (const [index, behaviour] of behaviours.entries()) {
    const { act } = BEHAVIOURS[behaviour]
    const serve = (socket: Socket) => {
      requests[index]! += 1
      void act?.(socket)
    }
    servers.push(local(act ? await listenOn(afterRequest(serve)) : await refusingPort()))
  }
  return { servers, requests }
}

describe('submitToOneOf', () => {
  const behaviours = fc.array(fc.constantFrom(...(Object.keys(BEHAVIOURS) as Behaviour[])), {
    minLength: 1,
    maxLength: 4,
  })
  const failovers = fc.constantFrom(...(Object.keys(GOES_ON) as QmqpFailover[]))

  it('Q-810: asks servers in order, and goes on only where it may', { timeout: 60_000 }, () =>
    fc.assert(
      fc.asyncProperty(behaviours, failovers, async (behaviours, failover) => {
        const { servers, requests } = await serversThat(behaviours)
        const result = await submitToOneOf(servers, MESSAGE, { ...QUICK, failover })
        closeServers()

        const stages = behaviours.map((behaviour) => BEHAVIOURS[behaviour].stage)
        const end = stages.findIndex((stage) => !GOES_ON[failover].includes(stage))
        const last = end < 0 ? stages.length - 1 : end
        expect(result.server).toEqual(servers[last])
        expect(result.earlier.map(({ server }) => server)).toEqual(servers.slice(0, last))
        const kinds = { accepted: 'accepted', permanent: 'permanent' } as Record<string, string>
        expect(result.kind).toBe(kinds[stages[last] ?? ''] ?? 'temporary')
        expect(requests).toEqual(
          stages.map((stage, at) => (at <= last && stage !== 'connecting' ? 1 : 0)),
        )
        const perhapsTaken = stages.filter((stage, at) => at <= last && stage === 'unknown')
        const taken = result.kind === 'accepted' ? 1 : 0
        if (failover !== 'perhaps-taken') {
          expect(perhapsTaken.length + taken).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 60 },
    ),
  )

  it('tells what happened at each server', async () => {
    const { servers } = await serversThat(['refuses', 'answers Z', 'resets', 'answers K'])
    const result = await submitToOneOf(servers, MESSAGE, { failover: 'perhaps-taken' })
    expect(result).toEqual({
      kind: 'accepted',
      text: 'Ok: queued as 4F8A023020C',
      server: servers[3],
      earlier: [
        {
          kind: 'temporary',
          text: expect.stringContaining('ECONNREFUSED'),
          failedAt: 'connecting',
          server: servers[0],
        },
        { kind: 'temporary', text: 'z', server: servers[1] },
        {
          kind: 'temporary',
          text: 'lost connection while receiving server reply',
          failedAt: 'receiving server reply',
          server: servers[2],
        },
      ],
    })
  })

  it.each([
    ['resets', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()).resume()],
    ['does not read on', () => undefined],
  ])('Q-209: a server that %s in the request has not taken it', async (_, serve) => {
    const servers = [local(await listenOn(serve)), local(await listenOn(answering(K)))]
    const careful = await submitToOneOf(servers, LARGE, QUICK)
    expect(careful).toMatchObject({ failedAt: 'sending message', server: servers[0] })
    const further = { ...QUICK, replyTimeoutMs: 1000, failover: 'not-taken' } as const
    const result = await submitToOneOf(servers, LARGE, further)
    expect(result).toMatchObject({ kind: 'accepted', server: servers[1] })
    expect(result.earlier).toMatchObject([{ failedAt: 'sending message' }])
  })

  it('a reset right after the connection never counts as taken for sure', async () => {
    const reset = await listenOn((socket) => socket.resetAndDestroy())
    const result = await submitToOneOf([local(reset)], MESSAGE, QUICK)
    expect(result.kind).toBe('temporary')
    expect(result.failedAt).toBeDefined()
  })

  it('reaches servers over IPv6 and UNIX-domain sockets', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'qmqp-client-'))
    const path = join(directory, 'qmqp')
    await listenOn(answering(K), { path })
    const port = await listenOn(answering(K), { host: '::1', port: 0 })
    const servers = [{ path: join(directory, 'none') }, { host: '::1', port }, { path }]
    const result = await submitToOneOf(servers, MESSAGE)
    expect(result).toMatchObject({ kind: 'accepted', server: servers[1] })
    expect(result.earlier).toMatchObject([{ text: expect.stringContaining('ENOENT') }])
    const local = await submitToOneOf([{ path }], MESSAGE)
    expect(local).toMatchObject({ kind: 'accepted', earlier: [] })
    await rm(directory, { recursive: true })
  })

  it('ends after the total time, whatever is left to try', async () => {
    const clock = new VirtualClock()
    const connected = Promise.withResolvers<void>()
    const silent = await listenOn(afterRequest(() => connected.resolve()))
    const servers = [local(silent), local(await listenOn(answering(K)))]
    const options = { clock, totalTimeoutMs: 5000, failover: 'perhaps-taken' } as const
    const result = submitToOneOf(servers, MESSAGE, options)
    await connected.promise
    await clock.run(4999)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await clock.run(5000)
    expect(await result).toMatchObject({
      text: 'timeout while receiving server reply',
      server: servers[0],
      earlier: [],
    })
  })

  it('asks nobody else once its signal is aborted', async () => {
    const abort = new AbortController()
    let asked = 0
    const first = await listenOn(afterRequest(() => abort.abort(new Error('enough'))))
    const second = await listenOn(() => (asked += 1))
    const options = { signal: abort.signal, failover: 'perhaps-taken' } as const
    const result = submitToOneOf([local(first), local(second)], MESSAGE, options)
    await expect(result).rejects.toThrow('enough')
    expect(asked).toBe(0)
  })

  it('refuses an empty list', async () => {
    await expect(submitToOneOf([], MESSAGE)).rejects.toThrow('at least one QMQP server')
  })
})
