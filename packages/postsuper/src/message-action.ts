import type { QueueName } from '@posthouse/queue-store'

import type { QueueFiles } from './queue-files.ts'
import { DEFAULT_QUEUES, isMessageQueue, LOGS, queueName } from './queue-names.ts'

const READY_BITS = 0o700
const FORCE_EXPIRE = 0o010
// A message that moves may be missed once, never twice in a row (F-87).
const LOOKS = 2

/** An action on messages, by the letter of its option. `-f` is `-e`, then `-H`. */
export type Letter = 'd' | 'e' | 'h' | 'H' | 'r'

/** A file of a queue, where it was found. */
export interface FoundFile {
  readonly queue: QueueName
  readonly path: string
  readonly name: string
}

interface MessageAction {
  /** What is said of a message. */
  readonly done: string
  /** Whether messages of a queue are concerned. */
  concerns(queue: QueueName): boolean
  /** @param isAlone One message is meant, and not all. @returns whether something was done. */
  act(files: QueueFiles, found: FoundFile, mode: number, isAlone: boolean): boolean
}

const isSanitized = (queue: QueueName): boolean => isMessageQueue(queue) && queue !== 'maildrop'

const ACTIONS: Readonly<Record<Letter, MessageAction>> = {
  d: {
    done: 'removed',
    concerns: isMessageQueue,
    act: (files, { path, name }) => {
      for (const log of LOGS) files.remove(files.paths.file(log, name))
      return files.remove(path)
    },
  },
  e: {
    done: 'expired',
    concerns: isSanitized,
    act: (files, { path }, mode) => {
      const isDue = (mode & READY_BITS) === READY_BITS && (mode & FORCE_EXPIRE) === 0
      return isDue && files.chmod(path, (mode & 0o7777) | FORCE_EXPIRE)
    },
  },
  h: {
    done: 'placed on hold',
    concerns: (queue) => isSanitized(queue) && queue !== 'hold',
    act: (files, found) => moveTo(files, found, 'hold'),
  },
  H: {
    done: 'released from hold',
    concerns: (queue) => queue === 'hold',
    act: (files, found) => moveTo(files, found, 'deferred'),
  },
  r: {
    done: 'requeued',
    concerns: isSanitized,
    act: (files, found, _, isAlone) => {
      // So that it waits for no time to come (F-15).
      if (isAlone) files.touch(found.path)
      return moveTo(files, found, 'maildrop')
    },
  },
}

/**
 * Does to one message what was asked for, in whichever of the queues it is.
 *
 * @returns the number of messages: 1, or 0 when there is none that it could be done to.
 * @throws {PostsuperError}
 */
export function actOnMessage(
  files: QueueFiles,
  letter: Letter,
  id: string,
  queues: readonly string[] = DEFAULT_QUEUES,
): number {
  const action = ACTIONS[letter]
  for (let look = 0; look < LOOKS; look++) {
    for (const queue of queues.map(queueName)) {
      if (!action.concerns(queue)) continue
      const path = files.paths.file(queue, id)
      const status = files.readyStatus(path)
      if (status === undefined) continue
      if (!action.act(files, { queue, path, name: id }, status.mode, true)) continue
      files.say(`${id}: ${action.done}`)
      return 1
    }
  }
  return 0
}

/** Does to a file that a pass found what was asked for all messages. @returns as above. */
export function actOnFound(files: QueueFiles, letter: Letter, found: FoundFile): number {
  const action = ACTIONS[letter]
  if (!action.concerns(found.queue)) return 0
  const mode = letter === 'e' ? (files.status(found.path)?.mode ?? 0) : 0
  return action.act(files, found, mode, false) ? 1 : 0
}

function moveTo(files: QueueFiles, { path, name }: FoundFile, queue: QueueName): boolean {
  return files.rename(path, files.paths.file(queue, name), queue, name)
}
