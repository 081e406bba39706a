import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Conversation, qmqpRequest } from '../harness/conversation.ts'
import { deliveredMessages } from '../harness/delivered.ts'
import { peersInstalled } from '../harness/peers.ts'
import { NO_REPLY, type Outcome, Relay } from '../harness/relay.ts'
import { validCases } from './differential-corpus.ts'
import {
  isUnsafe,
  KNOWN_BY_DEFAULT,
  KNOWN_WHEN_NARROW,
  unfolded,
  withoutUnsafe,
} from './differential-known.ts'
import { endedEverywhere, mutatedConversation, silentEverywhere } from './differential-mutations.ts'

const installed = peersInstalled('postfix')
const asRoot = process.getuid?.() === 0

/** The same in each run: what a new seed finds is for who looks for it, and sets another one. */
const SEEDS = [
  1,
  2,
  ...(process.env['DIFFERENTIAL_SEED'] ? [Number(process.env['DIFFERENTIAL_SEED'])] : []),
]
const MUTATED = 100
const AT_ONCE = 30
const RECIPIENT = 'r@example.net'

const DEFAULT = {
  message_size_limit: '1000000',
  myhostname: 'mail.example.com',
  mydestination: '',
  qmqpd_timeout: '2s',
  qmqpd_error_delay: '0',
}
const NARROW = {
  ...DEFAULT,
  always_bcc: 'copy@example.org',
  append_dot_mydomain: 'yes',
  cleanup_replace_stray_cr_lf: 'no',
  duplicate_filter_limit: '3',
  empty_address_recipient: 'nobody',
  enable_original_recipient: 'no',
  header_address_token_limit: '100',
  header_size_limit: '2000',
  hopcount_limit: '5',
  line_length_limit: '512',
  message_drop_headers: 'x-next, bcc',
  message_size_limit: '20000',
  smtp_line_length_limit: '200',
  smtputf8_autodetect_classes: 'all',
  undisclosed_recipients_header: 'To: undisclosed-recipients:;',
  verp_delimiter_filter: '-=+r',
}

/** A conversation where the two do not agree. */
interface Difference {
  readonly name: string
  readonly wire: string
  readonly ours: Outcome
  readonly theirs: Outcome
}

describe.runIf(installed && asRoot).each([
  ['almost as it comes', DEFAULT, KNOWN_BY_DEFAULT],
  ['with narrow limits', NARROW, KNOWN_WHEN_NARROW],
])('Q-201 to Q-571, C-160: as Postfix %s', (_, parameters, known) => {
  let posthouse: Relay
  let postfix: Relay
  beforeAll(async () => {
    posthouse = await Relay.startPosthouse(parameters)
    postfix = await Relay.startPostfix(parameters)
  })
  afterAll(async () => {
    await posthouse?.stop()
    await postfix?.stop()
  })

  async function compare(
    conversations: readonly Conversation[],
    nameOf: (index: number) => string = (index) => `number ${index}`,
  ): Promise<Difference[]> {
    const [ours, theirs] = await Promise.all([
      posthouse.run(conversations, AT_ONCE),
      postfix.run(conversations, AT_ONCE),
    ])
    return conversations.flatMap((conversation, index) => {
      const pair = { ours: ours[index]!, theirs: theirs[index]! }
      if (agree(conversation, pair.ours, pair.theirs)) return []
      return [{ name: nameOf(index), wire: describeWire(conversation), ...pair }]
    })
  }

  it('valid requests have the same replies and deliveries, but for what is known', async () => {
    const cases = validCases()
    const conversations = cases.map(({ request }) => converseWith(request))
    const found = await compare(conversations, (index) => cases[index]!.name)
    const expected = new Map(known.map((one) => [one.name, one]))
    expect(found.filter(({ name }) => !expected.has(name))).toEqual([])
    for (const { name, rule, ours, theirs } of known) {
      const difference = found.find((one) => one.name === name)
      expect(difference, `${rule}: ${name} is still different`).toBeDefined()
      expect(shown(difference?.ours), name).toContain(ours)
      expect(shown(difference?.theirs), name).toContain(theirs)
    }
  })

  it.each([
    ['Q-209, Q-304: ended by the client after each of its bytes', endedEverywhere()],
    ['Q-351: silence at each kind of place', silentEverywhere()],
    ['Q-345: messages around the limits of size', sizedConversations(parameters)],
  ])('%s', async (_, conversations) => {
    expect(await compare(conversations)).toEqual([])
  })

  it.each(SEEDS)('mutated requests, DIFFERENTIAL_SEED=%d', async (seed) => {
    const conversations = fc.sample(mutatedConversation, { seed, numRuns: MUTATED })
    expect(await compare(conversations)).toEqual([])
  })

  it('Q-307: Postfix resets a connection with unread input, we never do', async () => {
    // In one piece: more than Postfix reads at a time is there when it sees what it dislikes.
    const surplus = [Buffer.alloc(1_000_000, 'x')]
    const conversations = Array.from({ length: 20 }, () => ({
      writes: surplus,
      ending: 'wait' as const,
    }))
    const ours = await posthouse.run(conversations, AT_ONCE)
    const reply = 'Dnetstring format error while receiving QMQP packet header'
    const answered = { reply, end: 'EOF', delivered: [], failed: [] }
    expect(ours).toEqual(conversations.map(() => answered))
    const theirs = await postfix.run(conversations, AT_ONCE)
    expect(theirs.map(({ end }) => end)).toContain('RST')
  })

  it('C-174: Postfix sends line breaks and angle brackets in senders, we never do', async () => {
    const cases = [
      ['<a@example.org>', RECIPIENT],
      ['a@example.org> RET=HDRS', RECIPIENT],
      ['a@b<c', RECIPIENT],
      ['list-@example.org-@[]', 'r\nr@example.net'],
    ]
    const conversations = cases.map(([sender = '', recipient = '']) =>
      converseWith(qmqpRequest('Subject: hi\n\nbody\n', sender, [recipient])),
    )
    const ours = await posthouse.run(conversations, AT_ONCE)
    const theirs = await postfix.run(conversations, AT_ONCE)
    const unsafe = (outcomes: readonly Outcome[]) =>
      outcomes.map(({ delivered }) => delivered.some(({ mail }) => isUnsafe(mail)))
    expect(unsafe(ours)).toEqual(cases.map(() => false))
    expect(unsafe(theirs)).toEqual(cases.map(() => true))
  })

  it('Q-340: LF in an address breaks the Received of Postfix if CR and LF are kept', async () => {
    const request = qmqpRequest('Subject: hi\n\nbody\n', 's@example.org', ['r\nr@example.net'])
    const keeps = 'cleanup_replace_stray_cr_lf' in parameters
    const [ours] = await posthouse.run([converseWith(request)], 1)
    const [theirs] = await postfix.run([converseWith(request)], 1)
    expect(shown(ours)).toContain('for <"r r"@example.net>;')
    expect(shown(theirs)).toContain(`for <"r${keeps ? '\r\n\t' : ' '}r"@example.net>;`)
  })

  // Last: what came from clients that did not wait for the reply has had its time by now.
  it('Q-209: all in all, the same messages arrive', async () => {
    const marks = known.flatMap(({ ours, theirs }) => [ours, theirs])
    const arrived = ({ sink }: Relay) =>
      deliveredMessages(sink.messages)
        .filter(({ mail, data }) => !marks.some((mark) => `${mail}\n${data}`.includes(mark)))
        .filter(({ mail }) => !isUnsafe(mail))
        .map((one) => JSON.stringify({ ...unfolded(one), id: '' }))
    await expect.poll(() => difference(arrived(posthouse), arrived(postfix))).toEqual([])
    expect(posthouse.sink.faults).toEqual([])
  })
})

function converseWith(request: Buffer): Conversation {
  return { writes: [request], ending: 'wait' }
}

/** The queue file has a few hundred bytes more than the message. */
function sizedConversations({ message_size_limit }: typeof DEFAULT): Conversation[] {
  const limit = Number(message_size_limit)
  return [limit * 0.8, limit - 1, limit, limit + 1].map((size) => {
    const text = `Subject: x\n\n${`${'x'.repeat(499)}\n`.repeat(size / 500 + 1)}`
    return converseWith(qmqpRequest(text.slice(0, size), 's@example.org', [RECIPIENT]))
  })
}

/** What one has more often than the other. */
function difference(ours: readonly string[], theirs: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const text of ours) counts.set(text, (counts.get(text) ?? 0) + 1)
  for (const text of theirs) counts.set(text, (counts.get(text) ?? 0) - 1)
  return [...counts].filter(([, count]) => count !== 0).map(([text, count]) => `${count} ${text}`)
}

/** What became of a client that went away first is only seen at the destination. */
function agree(conversation: Conversation, ours: Outcome, theirs: Outcome): boolean {
  if (conversation.ending === 'close') return true
  // Q-307: closed with unread input; that can destroy the reply, and ours is still there.
  if (theirs.end === 'RST') {
    if (ours.end !== 'EOF' || ours.reply === NO_REPLY) return false
    return theirs.reply === NO_REPLY || agree(conversation, ours, { ...theirs, end: 'EOF' })
  }
  const [mine, yours] = [withoutUnsafe(ours), withoutUnsafe(theirs)]
  const same = isDeepStrictEqual(withoutIds(mine.safe), withoutIds(yours.safe))
  return same && mine.isOdd === yours.isOdd
}

function withoutIds(outcome: Outcome) {
  return { ...outcome, delivered: outcome.delivered.map((one) => ({ ...one, id: '' })) }
}

function describeWire({ writes, ending }: Conversation): string {
  const texts = writes.map((bytes) => JSON.stringify(bytes.toString('latin1')).slice(0, 1000))
  return `${texts.join(' + ')}, ${ending}`
}

/** The texts of an outcome, as they are. */
function shown(outcome: Outcome | undefined): string {
  if (outcome === undefined) return ''
  const { reply, delivered, failed } = outcome
  return [reply, ...failed, ...delivered.flatMap(({ mail, data }) => [mail, data])].join('\n')
}
