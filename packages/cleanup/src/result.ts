import type { MessageEnvelope } from '@posthouse/queue-store'

/**
 * Why a message was refused: the status bits of Q-330. `bad` internal protocol error, `write` queue
 * file not written, `size` too large, `cont` content refused, `hops` mail loop, `rcpt` no
 * recipient, `defer` content refused for now.
 */
export type CleanupStatus = 'bad' | 'write' | 'size' | 'cont' | 'hops' | 'rcpt' | 'defer'

/** Nothing was stored. */
export interface CleanupRejection {
  readonly kind: 'rejected'
  readonly status: CleanupStatus
  /** Why; for `cont` and `defer` an enhanced status code, a blank and the reason. */
  readonly text: string
}

/**
 * What became of a message. `queued` and `held` are durable; what is `held` (HOLD) is in the hold
 * queue, and the queue manager need not know. What is `discarded` (DISCARD) is gone.
 */
export type CleanupResult =
  | { readonly kind: 'queued' | 'held'; readonly envelope: MessageEnvelope }
  | { readonly kind: 'discarded'; readonly id: string }
  | CleanupRejection

const REJECTIONS = {
  write: 'queue file write error',
  size: 'message too large',
  hops: 'too many hops',
  rcpt: 'no recipients specified',
} as const

/** A rejection whose text is fixed. */
export function rejection(status: keyof typeof REJECTIONS): CleanupRejection {
  return { kind: 'rejected', status, text: REJECTIONS[status] }
}

/** The reply of a QMQP server to a complete request: the table of Q-330. */
export function qmqpReply(result: CleanupResult): {
  kind: 'ok' | 'temporary' | 'permanent'
  text: string
} {
  if (result.kind === 'rejected') return { kind: replyKind(result), text: `Error: ${result.text}` }
  const id = result.kind === 'discarded' ? result.id : result.envelope.id
  return { kind: 'ok', text: `Ok: queued as ${id}` }
}

function replyKind({ status, text }: CleanupRejection): 'temporary' | 'permanent' {
  switch (status) {
    case 'defer':
    case 'bad':
    case 'write':
      return 'temporary'
    case 'cont':
      return text.startsWith('4') ? 'temporary' : 'permanent'
    case 'size':
    case 'hops':
    case 'rcpt':
      return 'permanent'
  }
}
