// Recorded cases that go otherwise here, and those that may go otherwise with Postfix, too.
import { readTranscript } from '../../harness/transcript.ts'
import { type Outcome, recordedOutcome } from './outcome.ts'

export interface Difference {
  readonly reason: string
  /** What happens here, in place of what was recorded. */
  readonly instead: Partial<Outcome>
}

const cases = ['access', 'content'].flatMap((name) => readTranscript(name).cases)

/** What was recorded of a case. */
function as(id: string): Outcome {
  const found = cases.find((recorded) => recorded.id === id)
  if (found === undefined) throw new Error(`no case ${id}`)
  return recordedOutcome(found)
}

/** Cases that go otherwise, by design. One that goes as recorded after all fails. */
export const BY_DESIGN: Readonly<Record<string, Difference>> = {
  'acc-a60': {
    reason: 'a list is opened, and what is wrong logged, at the start and not for each client',
    instead: { log: { ...as('acc-a60').log, qmqpd: as('acc-a60').log.qmqpd.slice(1) } },
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
        cleanup: [],
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
        cleanup: as('acc-g01').log.cleanup,
      },
    },
  },
  'acc-x01': {
    reason: 'cleanup is in the same process: it cannot be missing',
    instead: as('acc-a01'),
  },
  'con-c25c': {
    reason: 'the size of a file is looked at when it is complete, so the header was read',
    instead: {
      log: {
        qmqpd: as('con-c25c').log.qmqpd,
        cleanup: ['<QID>: message-id=<1@example.org>', ...as('con-c25c').log.cleanup],
      },
    },
  },
}

/** Cases that cannot be played. */
export const NOT_PLAYED: Readonly<Record<string, string>> = {
  'ext-e30': 'kills the cleanup process: there is none, and what the client did is not recorded',
}

/** Cases that race with the server: what else may happen. */
export const OTHERWISE: Readonly<Record<string, Partial<Outcome>>> = {
  'net-n17c': {
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
  'acc-x04': {
    log: {
      qmqpd: ['connect from localhost[127.0.0.1]', 'disconnect from localhost[127.0.0.1]'],
      cleanup: [],
    },
  },
}
