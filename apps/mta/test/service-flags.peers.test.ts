import { describe, expect, it } from 'vitest'

import { type ComparedSystem, compare } from '../harness/compared-systems.ts'
import { peersInstalled } from '../harness/peers.ts'
import { RecordingSink } from '../harness/recording-sink.ts'

const GENERIC = 'inline:{s@example.org=g@x.test,g@x.test=h@x.test,u@gen.test=q@x.test}'

/** Services, each the transport of its own domain. */
const SERVICES = {
  dor: 'flags=DOR',
  d: 'flags=D',
  o: 'flags=O',
  r: 'flags=R',
  x: 'flags=X',
  soft: '-o soft_bounce=yes flags=D',
  gen: `-o {smtp_generic_maps=${GENERIC}} flags=DOR`,
  chk: '-o {smtp_header_checks=regexp:{{/^(Return-Path|Delivered)/ IGNORE}}} flags=DR',
} as const

interface Case {
  readonly title: string
  readonly recipients: readonly string[]
  readonly header?: string
  readonly sender?: string
}

/** What was delivered before, to which the one of `recipient` is compared. */
const loop = (header: string, recipient = 'u@d.test'): Case => {
  return { title: `after ${JSON.stringify(header)}`, recipients: [recipient], header, sender: '' }
}

const CASES: readonly Case[] = [
  { title: 'headers come before a message', recipients: ['u+x@dor.test'] },
  { title: 'the null sender, a quoted recipient', recipients: ['a b@dor.test'], sender: '' },
  { title: 'more quotes', recipients: ['a..b@dor.test'], sender: 's..x@example.org' },
  { title: 'the recipient was another one', recipients: ['alias@dor.test'] },
  { title: 'other addresses go out', recipients: ['u@gen.test'] },
  { title: 'header checks see them', recipients: ['u@chk.test'] },
  { title: 'more than one recipient is too many for D', recipients: ['u@d.test', 'v@d.test'] },
  { title: 'more than one recipient is too many for O', recipients: ['u@o.test', 'v@o.test'] },
  { title: 'more than one recipient is all right for R', recipients: ['u@r.test', 'v@r.test'] },
  { title: 'more than one recipient is all right for X', recipients: ['u@x.test', 'v@x.test'] },
  loop('Delivered-To: u@d.test'),
  loop('delivered-to:U@D.TEST'),
  loop('Delivered-To: u@d.test \t'),
  loop('Delivered-To:\t u@d.test'),
  loop('Delivered-To : u@d.test'),
  loop('Delivered-To: u@d.test\n x'),
  loop('Delivered-To:\n u@d.test'),
  loop('Delivered-To: <u@d.test>'),
  loop('Delivered-To: v@d.test\nX: y\n z\nDelivered-To: u@d.test'),
  loop('X: y\n\nDelivered-To: u@d.test'),
  loop('no header\nDelivered-To: u@d.test'),
  loop('Delivered-To: u@gen.test', 'u@gen.test'),
  loop('Delivered-To: q@x.test', 'u@gen.test'),
  loop('Delivered-To: "a b"@d.test', 'a b@d.test'),
  loop('Delivered-To: a b@d.test', 'a b@d.test'),
  loop('Delivered-To: u@soft.test', 'u@soft.test'),
]

describe.skipIf(!peersInstalled('postfix'))('flags of master.cf, beside Postfix', () => {
  it('C-175: what goes out, and what the log says', async () => {
    const sink = await RecordingSink.listen({ keywords: ['8BITMIME', 'SIZE 100000', 'DSN'] })
    const routes = Object.keys(SERVICES).map(
      (name) => `${name}.test=${name}:[127.0.0.1]:${sink.port}`,
    )
    const services = Object.entries(SERVICES).map(
      ([name, args]) => `${name} unix - - n - - smtp ${args}\n`,
    )
    const parameters = {
      transport_maps: `inline:{ ${routes.join(', ')}, example.org=error:later }`,
      virtual_alias_maps: 'inline:{alias@dor.test=u@dor.test}',
    }
    const run = async (system: ComparedSystem) => {
      const results: object[] = []
      for (const one of CASES) results.push(await outcomeOf(one, system, sink))
      return results
    }
    try {
      const configuration = { parameters, services: services.join(''), manager: 'qmgr' } as const
      const { ours, theirs } = await compare({ ...configuration, processLimit: 5 }, run)
      for (const [at, { title }] of CASES.entries()) expect(ours[at], title).toEqual(theirs[at])
    } finally {
      await sink.close()
    }
  }, 120_000)
})

async function outcomeOf(
  { recipients, header = 'X: y', sender = 's@example.org' }: Case,
  system: ComparedSystem,
  sink: RecordingSink,
): Promise<object> {
  const before = sink.messages.length
  const { text } = await system.submit(recipients, sender, `${header}\nSubject: x\n\nbody\n`)
  const id = /queued as (\w+)/.exec(text)?.[1]
  const lines = () =>
    system
      .logText()
      .split('\n')
      .filter((line) => line.includes(`${id}: to=<`) && line.includes('smtp['))
  await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(recipients.length)
  const mask = (line: string): string =>
    line
      .replaceAll(id ?? '', 'QID')
      .replace(/^.*smtp\[\d+\]: /, '')
      .replace(/delays?=[\d./]+, |conn_use=\d+, /g, '')
  const sent = sink.messages.slice(before).map(({ mail, recipients: rcpts, data }) => {
    const [top] = data.toString('utf8').split(/^Received:/m)
    return [mail.replace(/SIZE=\d+/, 'SIZE=N'), ...rcpts, top]
  })
  return {
    lines: lines().map(mask),
    sent,
  }
}
