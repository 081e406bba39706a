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

/** Cases of qmqp-delivery.json that go otherwise. */
export const DELIVERY_BY_DESIGN: Readonly<Record<string, Difference>> = {
  'qmgr-q10': {
    reason: 'there is no local(8): mail for this host bounces for that reason',
    instead: withoutMailboxes('qmgr-q10'),
  },
  'qmgr-q14': {
    reason: 'there is no local(8): mail for this host bounces for that reason',
    instead: withoutMailboxes('qmgr-q14'),
  },
}

/** What local(8) logged, error(8) logs. */
function withoutMailboxes(id: string): Partial<Outcome> {
  const { local = [], ...log } = as(id).log
  const text =
    'mail for this host is not delivered here: there are no mailboxes. ' +
    'Have local_transport or transport_maps name a transport that takes it'
  const error = local.map((line) =>
    line
      .replace('relay=local', 'relay=none')
      .replace(/dsn=.*/, `dsn=5.3.5, status=bounced (${text})`),
  )
  return { log: { ...log, error } }
}
