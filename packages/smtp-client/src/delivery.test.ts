import type { MxResult } from '@posthouse/mx-lookup'
import { describe, expect, it } from 'vitest'

import { converse, SILENCE } from '../test/converse.ts'
import type { SmtpSession } from './index.ts'

const SOFT = ['220 mx', '250 mx', '451 4.3.0 later'] // Up to the reply to MAIL.
const MESSAGE = ['250 ok', '250 ok', '354 go', SILENCE, SILENCE, SILENCE, '250 2.0.0 queued']
const server = (at: number, address = `192.0.2.${at}`) => {
  return { name: `mx${at}`, address, family: 4, port: 25, preference: 10 } as const
}

describe('the walk along destinations', () => {
  it('C-7: a backup exchanger leaves mail to nobody but its betters', async () => {
    const asked: string[] = []
    const lookup = ({ host }: { host: string }): MxResult => {
      asked.push(host)
      // Nobody listens at the discard port.
      return { kind: 'found', servers: [{ ...server(0, '127.0.0.1'), port: 9 }], last: true }
    }
    const ports = { lookup, connect: undefined }
    const options = { fallbackRelay: ['fallback.test'] }
    const { outcome } = await converse([], 'b.test, c.test', { options, ports })
    expect(outcome).toMatchObject({ kind: 'deferred', status: '4.4.1' })
    expect(asked).toEqual(['b.test'])
  })

  it('C-8, C-9: who would loop may be passed on, unless a relay was wanted', async () => {
    const failure = {
      kind: 'failed',
      status: '5.4.6',
      text: 'mail for x loops',
      last: true,
    } as const
    const ports = { lookup: () => failure }
    expect(await converse([], 'x', { ports })).toMatchObject({
      outcome: { kind: 'bounced', status: '5.4.6' },
      looping: [0],
    })
    expect(await converse([], 'x', { ports, options: { relayhost: 'x' } })).toMatchObject({
      outcome: { kind: 'deferred', status: '4.3.5' },
      looping: undefined,
    })
  })
})

describe('the limits of one destination', () => {
  it('C-27: so many sessions; those that are refused in the handshake do not count', async () => {
    const scripts = [SOFT, ['421 4.3.2 no'], SOFT, SOFT]
    const { servers, outcome } = await converse(scripts, 'b.test', {
      options: { mxSessionLimit: 2 },
    })
    expect(servers.map(({ connections }) => connections)).toEqual([1, 1, 1, 0])
    expect(outcome).toMatchObject({ kind: 'deferred', relay: 'mx2[192.0.2.2]:25' })
  })

  it('C-27: so many addresses, whatever happens there', async () => {
    const scripts = [['421 4.3.2 no'], ['421 4.3.2 no'], SOFT]
    const { servers } = await converse(scripts, 'b.test', { options: { mxAddressLimit: 2 } })
    expect(servers.map(({ connections }) => connections)).toEqual([1, 1, 0])
  })

  it('C-27, C-120: a session that was kept counts', async () => {
    const kept: SmtpSession[] = []
    const cache = {
      store: (_: readonly string[], session: SmtpSession) => void kept.push(session),
      take: () => kept.pop(),
    }
    const options = { mxSessionLimit: 1, cacheDestination: () => true }
    const first = ['220 mx', '250 mx', ...MESSAGE, '250 ok', '451 4.3.0 later']
    const talk = await converse([first, SOFT], 'b.test', { options, ports: { cache } })
    const { outcomes } = await talk.deliver()
    kept.pop()?.connection.destroy()
    expect(outcomes).toMatchObject([{ kind: 'deferred', status: '4.3.0', connUse: 2 }])
    expect(talk.servers.map(({ connections }) => connections)).toEqual([1, 0])
  })

  it('C-27: both begin again with the next destination', async () => {
    const ports = {
      lookup: ({ host }: { host: string }): MxResult => {
        const servers = host === 'b.test' ? [server(0), server(1)] : [server(2), server(3)]
        return { kind: 'found', servers, last: false }
      },
    }
    const options = { mxSessionLimit: 1 }
    const { servers } = await converse([SOFT, SOFT, SOFT, SOFT], 'b.test c.test', {
      options,
      ports,
    })
    expect(servers.map(({ connections }) => connections)).toEqual([1, 0, 1, 0])
  })
})

describe('the end of a session', () => {
  const ENDLESS = ['220 mx', '250 mx', ...MESSAGE, SILENCE]
  const options = { skipQuitResponse: false, quitTimeoutMs: 200 }

  it('C-38, C-87: the outcome does not wait for the reply to QUIT, but closing does', async () => {
    const { outcome, client, servers } = await converse([ENDLESS], 'b.test', { options })
    expect(outcome).toMatchObject({ kind: 'sent' })
    const startedMs = performance.now()
    await client.close()
    expect(performance.now() - startedMs).toBeGreaterThan(100)
    expect(servers[0]?.heard.at(-1)).toBe('QUIT')
  })

  it('C-87: who is left goes to the next server when the first has said good-bye', async () => {
    const scripts = [[...SOFT, '250 ok', SILENCE], SOFT]
    const startedMs = performance.now()
    const { servers } = await converse(scripts, 'b.test', { options })
    expect(servers[1]?.connections).toBe(1)
    expect(performance.now() - startedMs).toBeGreaterThan(150)
  })
})
