import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Conversation, qmqpRequest } from '../harness/conversation.ts'
import { type Outcome, Relay, rawMessage } from '../harness/relay.ts'
import { strictPath, wireFaults } from '../harness/wire-faults.ts'
import {
  ATTACKS,
  aroundWriteBorder,
  HEADER,
  type PlacedSequence,
  placedSequences,
  SEQUENCES,
  sentForm,
} from './smuggling-cases.ts'

/** The same in each run: what a new seed finds is for who looks for it, and sets another one. */
const SEEDS = [
  1,
  2,
  ...(process.env['SMUGGLING_SEED'] ? [Number(process.env['SMUGGLING_SEED'])] : []),
]
const AT_ONCE = 20
const SENDER = 's@example.org'
const RECIPIENT = 'r@example.net'
const TEXT = 'Subject: hi\n\nbody\n'
const OWN_HEADER = new RegExp(
  String.raw`^Received: from localhost \(localhost \[127\.0\.0\.1\]\)\r\n` +
    String.raw`\tby mail\.example\.com \(Postfix\) with QMQP` +
    String.raw`(?: id \w+\r\n\tfor <[^\n]*>|\r\n\tid \w+); [^\r\n]*\r\n`,
)
const PARAMETERS = { myhostname: 'mail.example.com', mydestination: '', qmqpd_error_delay: '0' }

const latin1 = (text: string) => Buffer.from(text, 'latin1')

function talk(content: string, sender: string, recipients: readonly string[]): Conversation {
  const request = qmqpRequest(latin1(content), latin1(sender), recipients.map(latin1))
  return { writes: [request], ending: 'wait' }
}

describe.each(['yes', 'no'])('with cleanup_replace_stray_cr_lf = %s', (replace) => {
  let relay: Relay
  beforeAll(async () => {
    relay = await Relay.startPosthouse({ ...PARAMETERS, cleanup_replace_stray_cr_lf: replace })
  })
  afterAll(() => relay?.stop())

  /** Sees to it that no message arrives but those that were sent. */
  async function send(conversations: readonly Conversation[]): Promise<Outcome[]> {
    const before = relay.sink.messages.length
    const outcomes = await relay.run(conversations, AT_ONCE)
    const ids = new Set(outcomes.flatMap(({ delivered }) => delivered.map(({ id }) => id)))
    const own = [...ids].flatMap((id) => relay.messages(id))
    expect(relay.sink.messages.length - before, 'messages').toBe(own.length)
    return outcomes
  }

  /** What is wrong with how a message arrived that came from `SENDER` for `RECIPIENT`. */
  function faultOf(outcome: Outcome, { content, isExact }: Omit<PlacedSequence, 'name'>): string {
    const message = rawMessage(relay, outcome)
    if (message === undefined) return `not one delivery: ${JSON.stringify(outcome)}`
    const { mail, recipients, data } = message
    if (strictPath(mail)?.address !== SENDER) return mail
    const paths = recipients.map((command) => strictPath(command)?.address)
    if (paths.length !== 1 || paths[0] !== RECIPIENT) return recipients.join()
    const text = data.toString('latin1')
    const own = OWN_HEADER.exec(text)?.[0]
    if (own === undefined) return `no Received in front of ${JSON.stringify(text.slice(0, 400))}`
    const rest = text.slice(own.length)
    const expected = sentForm(content, replace === 'yes')
    return !isExact || rest === expected ? '' : `sent ${JSON.stringify(rest)}`
  }

  async function sendAll(cases: readonly PlacedSequence[]): Promise<string[]> {
    const conversations = cases.map(({ content }) => talk(content, SENDER, [RECIPIENT]))
    const outcomes = await send(conversations)
    return cases.flatMap((one, at) => {
      const fault = faultOf(outcomes[at]!, one)
      return fault === '' ? [] : [`${one.name}: ${fault}`]
    })
  }

  it.each([
    ['at each place', placedSequences()],
    ['at each place around the border of a write', aroundWriteBorder()],
  ])('C-160, C-161, Q-513: what looks like an end of data %s stays content', async (_, cases) => {
    expect(await sendAll(cases)).toEqual([])
    expect(wireFaults(relay.sink, replace === 'no')).toEqual([])
  })

  it('Q-107: however the client cuts it', async () => {
    const conversations = SEQUENCES.flatMap((sequence) => {
      const content = `Subject: x\n\ntext${sequence}MAIL FROM:<a@b>${sequence}text\n`
      const [request = Buffer.alloc(0)] = talk(content, SENDER, [RECIPIENT]).writes
      const at = request.indexOf(sequence) + 1
      const writes = [0, 1, 2, 3, 4].map((n) =>
        request.subarray(n && at + n - 1, n < 4 ? at + n : undefined),
      )
      return [{ writes, ending: 'wait' as const }]
    })
    const outcomes = await send(conversations)
    expect(outcomes.map(({ reply, delivered }) => `${reply[0]} ${delivered.length}`)).toEqual(
      conversations.map(() => 'K 1'),
    )
    expect(wireFaults(relay.sink, replace === 'no')).toEqual([])
  })

  describe('C-174, Q-340, Q-524: an address stays an address', () => {
    const commandsOf = (outcome: Outcome) => {
      const message = rawMessage(relay, outcome)
      const data = message?.data.toString('latin1') ?? ''
      return { mail: message?.mail, recipients: message?.recipients, data }
    }
    const pathOf = (command: string | undefined) =>
      /:<(.*)>(?= SIZE=| ORCPT=)/s.exec(command ?? '')?.[1]

    it('as sender', async () => {
      const conversations = ATTACKS.map(([address]) => talk(TEXT, address, [RECIPIENT]))
      const outcomes = await send(conversations)
      const found = outcomes.map((outcome, at) => [
        ATTACKS[at]![0],
        pathOf(commandsOf(outcome).mail),
      ])
      expect(found).toEqual(ATTACKS.map(([address, mail]) => [address, mail]))
    })

    it('as recipient', async () => {
      const conversations = ATTACKS.map(([address]) => talk(TEXT, SENDER, [address]))
      const outcomes = await send(conversations)
      const found = outcomes.map((outcome, at) => {
        return [ATTACKS[at]![0], pathOf(commandsOf(outcome).recipients?.[0])]
      })
      expect(found).toEqual(ATTACKS.map(([address, , rcpt]) => [address, rcpt]))
    })

    it('as sender with VERP, of each recipient', async () => {
      const localParts = ATTACKS.map(([address]) => address.split('@')[0] ?? '')
      const conversations = localParts
        .filter((text) => text !== '' && text.length < 2000 && !text.includes('\0'))
        .map((text) => `${text}-@x.example-@[]`)
        .map((sender) => talk(TEXT, sender, ['u>\r\nDATA@x.example', RECIPIENT]))
      const outcomes = await send(conversations)
      for (const { reply, delivered } of outcomes) {
        expect(reply[0]).toBe('K')
        for (const { mail } of delivered) expect(strictPath(mail)?.address).toMatch(/=/)
      }
    })

    it('as one of many, across the borders of pipelined commands', async () => {
      const recipients = ATTACKS.filter(([, , rcpt]) => rcpt !== undefined)
      const addresses = recipients.map(([address]) => address)
      const [outcome] = await send([talk(TEXT, SENDER, addresses)])
      const found = outcome?.delivered.flatMap(({ recipients }) => recipients.map(pathOf)) ?? []
      expect(new Set(found)).toEqual(new Set(recipients.map(([, , rcpt]) => rcpt)))
    })

    it.each([2049, 10_240, 200_000])('Q-304: of %i bytes is refused', async (length) => {
      const address = `${'a'.repeat(length - 10)}@x.example`
      const where = ['sender', 'recipient']
      const conversations = [talk(TEXT, address, [RECIPIENT]), talk(TEXT, SENDER, [address])]
      const outcomes = await send(conversations)
      expect(outcomes.map(({ reply }) => reply)).toEqual(
        where.map(
          (what) => `Dnetstring length exceeds storage limit while receiving ${what} address`,
        ),
      )
    })

    it('and no header comes from it', async () => {
      const conversations = ATTACKS.map(([address]) => talk('\nbody\n', address, [address]))
      const outcomes = await send(conversations)
      for (const outcome of outcomes) {
        const { data } = commandsOf(outcome)
        if (data === '') continue
        const names = data
          .split('\r\n\r\n')[0]!
          .replaceAll(/\r\n[ \t]/g, '')
          .split('\r\n')
        expect(names.map((line) => line.split(':')[0])).toEqual([
          ...['Received', 'Message-Id', 'Date', 'From'],
        ])
        expect(data).toMatch(/\r\n\r\nbody\r\n$/)
      }
    })

    afterAll(() => {
      expect(wireFaults(relay.sink, replace === 'no')).toEqual([])
    })
  })

  describe.each(SEEDS)('anything at all, SMUGGLING_SEED=%d', (seed) => {
    it('is one message with its envelope', async () => {
      const cases = fc.sample(anything, { seed, numRuns: 150 })
      const conversations = cases.map(({ content, localPart }) =>
        talk(content, `${localPart}@x.example`, [`${localPart}@x.example`, RECIPIENT]),
      )
      const outcomes = await send(conversations)
      const found = outcomes.map((outcome) => {
        const message = rawMessage(relay, outcome)
        const address = strictPath(message?.mail ?? '')?.address
        return [address, message?.recipients.map((command) => strictPath(command)?.address).sort()]
      })
      const expected = cases.map(({ localPart }) => {
        const address = `${localPart.replaceAll(/[\r\n\t]/g, ' ')}@x.example`
        return [address, [address, RECIPIENT].sort()]
      })
      expect(found).toEqual(expected)
      for (const [at, { content, isExact }] of cases.entries()) {
        if (!isExact) continue
        const sent = rawMessage(relay, outcomes[at]!)?.data.toString('latin1') ?? ''
        expect(sent.replace(OWN_HEADER, '')).toBe(sentForm(content, replace === 'yes'))
      }
      expect(wireFaults(relay.sink, replace === 'no')).toEqual([])
    })
  })
})

const fragment = fc.oneof(
  fc.constantFrom(
    ...SEQUENCES,
    '.',
    'To: a',
    ': ',
    ' ',
    '\t',
    '<',
    '>',
    '"',
    '\\',
    'x'.repeat(997),
  ),
  fc.string({ maxLength: 8 }),
)
const texts = fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join(''))
const contents = fc.oneof(
  texts.map((content) => ({ content, isExact: false })),
  texts.map((body) => ({ content: `${HEADER}\n${body}`, isExact: true })),
)
const localParts = fc
  .array(fragment, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('').replaceAll('\0', '').slice(0, 1500))
  .filter((text) => !text.startsWith('@') && !/^[-\s]/.test(text))
/** A message, and what is before `@x.example` in its sender and one of its recipients. */
const anything = fc
  .tuple(contents, localParts)
  .map(([content, localPart]) => ({ ...content, localPart }))
