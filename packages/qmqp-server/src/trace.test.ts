import { VirtualClock } from '@posthouse/clock'
import { afterEach, describe, expect, it } from 'vitest'

import {
  ask,
  CLIENT,
  closeAll,
  dial,
  ID,
  MESSAGE,
  QUEUED,
  RECIPIENT,
  REQUEST,
  SENDER,
  serve,
  waitFor,
} from '../test/serving.ts'

afterEach(closeAll)

/** What a connection logs at a level, without what it logs anyway. */
async function verboseLines(level: number, request: string): Promise<string[]> {
  const { port, lines } = await serve({ clock: new VirtualClock(), debugLevel: () => level })
  await ask(port, request)
  await waitFor(lines, 'disconnect')
  return lines.filter((line) => line.includes('debug: '))
}

const debug = (text: string, id = ID) => `${id}: ${CLIENT}: debug: 0.000 s: ${text}`

describe('debugLevel', () => {
  it('Q-313: 0 adds nothing', async () => {
    expect(await verboseLines(0, REQUEST)).toEqual([])
  })

  it('Q-313: 1 tells the steps of the protocol, with lengths', async () => {
    expect(await verboseLines(1, `0:${MESSAGE}21:list-@example.org-@[],${RECIPIENT},`)).toEqual([
      debug('verbose log, level 1', 'NOQUEUE'),
      debug('authorized', 'NOQUEUE'),
      debug('packet header: 0 bytes'),
      debug('message content: 18 bytes'),
      debug('sender address: 21 bytes, "list-@example.org-@[]"'),
      debug('recipient address: 13 bytes, "r@example.net"'),
      debug('request complete: recipients 1, VERP delimiters "-="'),
      debug(`reply: ok, Ok: queued as ${ID}`),
    ])
  })

  it('Q-313: 2 tells each read as well, and what is waited for', async () => {
    const { port, lines } = await serve({ debugLevel: async () => 2 })
    const client = await dial(port)
    client.socket.write('56:18:Subj')
    await waitFor(lines, 'waiting for the rest of a payload while receiving message content')
    client.socket.write(`ect: hi\n\nbody\n,${SENDER}${RECIPIENT},`)
    expect(await client.reply).toBe(QUEUED)
    expect(lines.some((line) => line.endsWith('received 10 bytes'))).toBe(true)
    expect(lines.some((line) => line.endsWith('sent 30 bytes'))).toBe(true)
    expect(lines.join()).not.toContain('Subj')
  })

  it('Q-313: 3 shows the bytes, escaped', async () => {
    const lines = await verboseLines(3, '56:"\\\n\xff')
    expect(lines).toContain(debug('received 8 bytes: "56:\\"\\\\\\n\\xc3\\xbf"'))
    expect(lines.at(-2)).toContain('reply: permanent, netstring format error')
    expect(lines.at(-1)).toMatch(/sent 59 bytes: "55:Dnetstring format error .*,"$/)
  })

  it('Q-313: 3 shows no more of a chunk than its beginning', async () => {
    const lines = await verboseLines(3, `0:500:${'x'.repeat(500)};`)
    expect(lines.join('\n')).toContain(`"0:500:${'x'.repeat(250)}" ...`)
  })

  it('Q-313: is of one connection only', async () => {
    const first = { isOver: false }
    const { port, lines } = await serve({
      debugLevel() {
        const level = first.isOver ? 0 : 1
        first.isOver = true
        return level
      },
    })
    expect(await ask(port, REQUEST)).toBe(QUEUED)
    await waitFor(lines, 'disconnect')
    const before = lines.length
    expect(await ask(port, REQUEST)).toBe(QUEUED)
    await waitFor(lines, 'disconnect', 2)
    expect(lines.slice(before).join('\n')).not.toContain('debug: ')
  })

  it('Q-306: a list that cannot be evaluated is a warning, and turns nobody away', async () => {
    const { port, lines } = await serve({
      debugLevel: () => Promise.reject(new Error('table debug is not there')),
    })
    expect(await ask(port, REQUEST)).toBe(QUEUED)
    expect(lines[1]).toBe('warning: table debug is not there')
    expect(lines.join('\n')).not.toContain('debug: ')
  })
})
