import { systemClock } from '@posthouse/clock'

import type { QmqpSubmission } from './request.ts'
import { type QmqpServerAddress, type SubmitOptions, submitMessage } from './submit-message.ts'
import type { QmqpVerdict } from './verdict.ts'

/**
 * When the next server is tried. Each goes further than the one before:
 * - `unreachable`: no connection could be made, as qmail-qmqpc does;
 * - `not-taken`: or the server certainly has not taken the message: it answered `Z`, or the
 *   connection broke before the request was sent whole;
 * - `perhaps-taken`: or there was no proper reply to the whole request. Can make duplicates.
 */
export type QmqpFailover = 'unreachable' | 'not-taken' | 'perhaps-taken'

export interface SubmitToOneOfOptions extends SubmitOptions {
  /** Default `unreachable`. */
  readonly failover?: QmqpFailover
}

/** What one server did with the message. */
export interface QmqpAttempt extends QmqpVerdict {
  readonly server: QmqpServerAddress
}

/** What the last server that was tried did, which is the verdict. */
export interface QmqpFailoverVerdict extends QmqpAttempt {
  /** Those that were tried before it, in order; the others were not asked. */
  readonly earlier: readonly QmqpAttempt[]
}

/**
 * Hands one message to the first of several servers that can be reached, in their order: shuffle
 * them to share the load. A `permanent` verdict ends the search, whatever `failover` is.
 *
 * @throws RangeError without servers; the reason of `signal`, once it is aborted. The message may
 * have been taken by then.
 */
export async function submitToOneOf(
  servers: readonly QmqpServerAddress[],
  message: QmqpSubmission,
  options: SubmitToOneOfOptions = {},
): Promise<QmqpFailoverVerdict> {
  const { clock = systemClock, failover = 'unreachable', totalTimeoutMs } = options
  const deadlineMs = clock.now() + (totalTimeoutMs ?? Number.POSITIVE_INFINITY)
  const tried: QmqpAttempt[] = []
  for (const server of servers) {
    const leftMs = deadlineMs - clock.now()
    if (tried.length > 0 && leftMs <= 0) break
    const limit = Number.isFinite(leftMs) ? { totalTimeoutMs: leftMs } : {}
    const verdict = await submitMessage(server, message, { ...options, ...limit })
    tried.push({ server, ...verdict })
    if (!goesOn(verdict, failover)) break
  }
  const last = tried.pop()
  if (last === undefined) throw new RangeError('expected at least one QMQP server')
  return { ...last, earlier: tried }
}

function goesOn({ kind, failedAt }: QmqpVerdict, failover: QmqpFailover): boolean {
  if (kind !== 'temporary') return false
  switch (failover) {
    case 'unreachable':
      return failedAt === 'connecting'
    case 'not-taken':
      return failedAt !== 'receiving server reply'
    case 'perhaps-taken':
      return true
  }
}
