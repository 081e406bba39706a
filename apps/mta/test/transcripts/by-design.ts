// Recorded cases that go otherwise here, and those that may go otherwise with Postfix, too.
import { readTranscript } from '../../harness/transcript.ts'
import { type Outcome, recordedOutcome } from './outcome.ts'

export interface Difference {
  readonly reason: string
  /** What happens here, in place of what was recorded. */
  readonly instead: Partial<Outcome>
}

const cases = ['access', 'content', 'delivery'].flatMap((name) => readTranscript(name).cases)

/** What was recorded of a case. */
function as(id: string): Outcome {
  const found = cases.find((recorded) => recorded.id === id)
  if (found === undefined) throw new Error(`no case ${id}`)
  return recordedOutcome(found)
}

function logOf(id: string, program: string): readonly string[] {
  return as(id).log[program] ?? []
}

/** Cases that go otherwise, by design. One that goes as recorded after all fails. */
export const BY_DESIGN: Readonly<Record<string, Difference>> = {
  'acc-a60': {
    reason: 'a list is opened, and what is wrong logged, at the start and not for each client',
    instead: { log: { qmqpd: logOf('acc-a60', 'qmqpd').slice(1) } },
  },
  'acc-a65': {
    reason: 'an IPv6 address without brackets is an error like others of the list (Q-308)',
    instead: {
      reply: '34:ZError: server configuration error,',
      end: 'EOF',
      seconds: 0,
      log: {
        qmqpd: [
          'connect from localhost[::1]',
          'warning: qmqpd_authorized_clients: ' +
            'open dictionary: expecting "type:name" form instead of "::1"',
          'disconnect from localhost[::1]',
        ],
      },
    },
  },
  'acc-g01': {
    reason: 'what debug_peer_list adds tells of our program, not of that of Postfix',
    instead: {
      log: {
        qmqpd: [
          'connect from localhost[127.0.0.1]',
          'NOQUEUE: localhost[127.0.0.1]: debug: <TEXT>',
          '<QID>: client=localhost[127.0.0.1]',
          '<QID>: localhost[127.0.0.1]: debug: <TEXT>',
          'disconnect from localhost[127.0.0.1]',
        ],
        cleanup: logOf('acc-g01', 'cleanup'),
      },
    },
  },
  'acc-x01': {
    reason: 'cleanup is in the same process: it cannot be missing',
    instead: as('acc-a01'),
  },
}

/** Cases that cannot be played. */
export const NOT_PLAYED: Readonly<Record<string, string>> = {
  'ext-e30': 'kills the cleanup process: there is none, and what the client did is not recorded',
}

/** Cases that race with the server: what else may happen. */
export const OTHERWISE: Readonly<Record<string, readonly Partial<Outcome>[]>> = {
  'net-n17c': [
    {
      queueId: 'short',
      log: {
        qmqpd: [
          'connect from localhost[127.0.0.1]',
          '<QID>: client=localhost[127.0.0.1]',
          '<QID>: localhost[127.0.0.1]: lost connection while receiving QMQP packet header',
          'disconnect from localhost[127.0.0.1]',
        ],
        cleanup: ['<QID>: removed (canceled)'],
      },
    },
  ],
  // The reset comes before the reply is sent, or after that.
  'acc-x04': [
    {
      log: {
        qmqpd: [
          'connect from localhost[127.0.0.1]',
          'NOQUEUE: localhost[127.0.0.1]: lost connection while initializing client connection',
          'disconnect from localhost[127.0.0.1]',
        ],
      },
    },
    {
      log: {
        qmqpd: ['connect from localhost[127.0.0.1]', 'disconnect from localhost[127.0.0.1]'],
      },
    },
  ],
}

/** Cases of qmqp-delivery.json that go otherwise. Of mail that stays, the queue alone is told. */
export const DELIVERY_BY_DESIGN: Readonly<Record<string, Difference & { delivered: number }>> = {
  'qmgr-q9': {
    reason: 'there is no discard(8)',
    delivered: 0,
    instead: withoutAgent('qmgr-q9', 'discard', ['a@example.net', 'b@example.net']),
  },
  'qmgr-q10': {
    reason: 'there is no local(8), and so nothing that bounces',
    delivered: 1,
    instead: withoutAgent('qmgr-q10', 'local', ['b@mail.example.com>, orig_to=<b']),
  },
  'qmgr-q14': {
    reason: 'there is no local(8), and so nothing that bounces',
    delivered: 0,
    instead: withoutAgent(
      'qmgr-q14',
      'local',
      ['nosuchuser@mail.example.com>, orig_to=<nosuchuser'],
      true,
    ),
  },
}

/** The recipients of a transport that is not there are deferred; the warning comes once. */
function withoutAgent(
  id: string,
  transport: string,
  recipients: readonly string[],
  isKnown = false,
): Partial<Outcome> {
  const { qmqpd = [], cleanup = [], qmgr = [], smtp = [] } = as(id).log
  const problem = `connect to transport private/${transport}: no delivery agent of this name`
  const unavailable =
    'relay=none, delay=<D>, delays=<D>/<D>/<D>/<D>, dsn=4.3.0, ' +
    'status=deferred (mail transport unavailable)'
  const sent = smtp.filter((line) => line.includes(', orig_to='))
  return {
    log: {
      qmqpd,
      cleanup: cleanup.slice(0, 1),
      qmgr: [...qmgr.slice(0, 1), ...(isKnown ? [] : [`warning: ${problem}`])],
      error: recipients.map((recipient) => `<QID>: to=<${recipient}>, ${unavailable}`),
      ...(sent.length > 0 ? { smtp: sent } : {}),
    },
    queued: [{ queue: 'deferred', envelope: [], content: [], extracted: [] }],
  }
}
