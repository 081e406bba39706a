import type { QueueName } from '@posthouse/queue-store'

import { PostsuperError } from './errors.ts'

/** Queues of messages, in the order that a message goes through them. */
const MESSAGE_QUEUES: ReadonlySet<string> = new Set([
  'maildrop',
  'incoming',
  'active',
  'deferred',
  'hold',
])

/**
 * What is looked at when nothing is named (F-23). Logs come first: they must be in place before the
 * files of messages are renamed.
 */
export const DEFAULT_QUEUES: readonly string[] = [
  ...['defer', 'bounce', 'maildrop', 'incoming', 'active', 'deferred', 'hold', 'flush'],
]

/** The logs of a message. */
export const LOGS = ['bounce', 'defer', 'trace'] as const

const KNOWN: ReadonlySet<string> = new Set([...DEFAULT_QUEUES, 'trace'])

/** @throws {PostsuperError} if it is none. */
export function queueName(name: string): QueueName {
  if (!isQueueName(name)) throw new PostsuperError(`invalid directory name: ${name}`)
  return name
}

export function isMessageQueue(queue: QueueName): boolean {
  return MESSAGE_QUEUES.has(queue)
}

function isQueueName(name: string): name is QueueName {
  return KNOWN.has(name)
}
