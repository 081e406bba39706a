import { describe, expect, it } from 'vitest'

import { type ComparedSystem, compare } from '../harness/compared-systems.ts'
import { peersInstalled } from '../harness/peers.ts'

// What follows the transport is the reason, which may begin with a status.
const ROUTES: Readonly<Record<string, string>> = {
  'returned.test': 'error:5.1.2 no such domain',
  'returned-too.test': 'error:gone',
  'odd.test': 'error:4.2.1 not for ever',
  'empty.test': 'error:',
  'blanks.test': 'error: 5.1.2  blanks  here ',
  'waiting.test': 'retry:4.2.1 wait',
  'waiting-too.test': 'retry:wait',
  'odd-too.test': 'retry:5.1.1 for ever',
  'nowhere.test': 'none:somewhere',
  'away.test': 'discard:5.1.1 silently',
}
const MESSAGES: readonly (readonly string[])[] = [
  ...Object.keys(ROUTES).map((domain) => [`r@${domain}`]),
  ['one@returned.test', 'two@returned.test', 'three@waiting.test', 'four@nowhere.test'],
  ['"a b"@returned.test'],
]

/** Lines about recipients, and about services that are missing, each with its tag. */
async function linesOf(system: ComparedSystem): Promise<string[][]> {
  const told: string[][] = []
  for (const recipients of MESSAGES) {
    // From nobody, so that nobody is told.
    const { text } = await system.submit(recipients, '')
    const id = /queued as (\w+)/.exec(text)?.[1]
    const pattern = new RegExp(` (\\S+?)\\[\\d+\\]: ${id}: (to=<.*status=.*)$`, 'gm')
    const lines = () =>
      [...system.logText().matchAll(pattern)].map(([, tag, line = '']) => {
        return `${tag}: ${line.replace(/ delay=\S+, delays=\S+,/, '')}`
      })
    await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(recipients.length)
    told.push(lines().sort())
  }
  // Of `retry` Postfix says so also where it only wanted to note that mail waits.
  const missing = /(\S+)\[\d+\]: (warning: connect to transport private\/(?:none|error)):/g
  const complaints = [...system.logText().matchAll(missing)].map((one) => `${one[1]}: ${one[2]}`)
  return [...told, complaints]
}

describe.skipIf(!peersInstalled('postfix'))('error and retry, beside those of Postfix', () => {
  it.each([
    ['with both services', []],
    ['without error', ['error']],
    ['without retry', ['retry']],
    ['without either', ['error', 'retry']],
  ])(
    'S-24, S-80, S-95: %s',
    async (_title, without) => {
      const routes = Object.entries(ROUTES).map(([domain, route]) => `{${domain}=${route}}`)
      const configuration = {
        parameters: { transport_maps: `inline:{ ${routes.join(', ')} }` },
        services: 'discard unix - - n - - discard\n',
        without,
        manager: 'qmgr' as const,
        processLimit: 5,
      }
      const { ours, theirs } = await compare(configuration, linesOf)
      expect(ours).toEqual(theirs)
      expect(ours[0]?.[0]).toContain(without.some((name) => name === 'error') ? '4.3.0' : '5.1.2')
    },
    60_000,
  )
})
