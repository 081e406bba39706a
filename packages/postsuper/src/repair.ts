import type { Letter } from './message-action.ts'
import type { QueuePorts, QueueSettings } from './ports.ts'
import { QueueFiles } from './queue-files.ts'
import { DEFAULT_QUEUES } from './queue-names.ts'
import { type Pass, type Progress, passOver } from './queue-pass.ts'

export const NAMES_CHANGED = 'QUEUE FILE NAMES WERE CHANGED TO MATCH INODE NUMBERS'
export const INCOMPLETE = 'warning: OPERATION INCOMPLETE -- RERUN COMMAND TO FIX THE QUEUE FIRST'

// In the order of their lines (F-87).
const SUMMARIES: readonly (readonly [Letter, string])[] = [
  ['r', 'Requeued'],
  ['d', 'Deleted'],
  ['e', 'Force-expired'],
  ['h', 'Placed on hold'],
  ['H', 'Released from hold'],
]

export function emptyProgress(): Progress {
  return { isFixing: false, renamed: 0, done: { d: 0, e: 0, h: 0, H: 0, r: 0 } }
}

/** One pass over the queues and, where it changed names, the one that completes it (F-25). */
export async function repair(
  queues: readonly string[],
  files: QueueFiles,
  pass: Pass,
  progress: Progress,
): Promise<void> {
  if (await passOver(queues, files, pass, progress)) await passOver(queues, files, pass, progress)
}

/**
 * Puts a queue in order before mail is taken, as `postsuper -s -p` does (F-22). Only for who has
 * the queue to itself: a file that is being written elsewhere would be taken for a leftover after
 * seven days.
 *
 * @returns the number of messages whose name changed to match their inode number.
 * @throws {PostsuperError} when something cannot be repaired.
 */
export async function repairQueue(settings: QueueSettings, ports: QueuePorts): Promise<number> {
  const progress = emptyProgress()
  const files = new QueueFiles(settings, ports, false)
  await repair(DEFAULT_QUEUES, files, { structure: 'normal', purge: true }, progress)
  for (const text of summary(progress, new Set())) ports.say(text)
  return progress.renamed
}

/** The last lines: what was done, if it was asked for or came to be. */
export function summary(progress: Progress, requested: ReadonlySet<Letter>): string[] {
  const lines = SUMMARIES.filter(([letter]) => requested.has(letter)).map(
    ([letter, text]) => `${text}: ${messages(progress.done[letter])}`,
  )
  if (progress.renamed > 0) {
    lines.push(`Renamed to match inode number: ${messages(progress.renamed)}`)
    lines.push(`warning: ${NAMES_CHANGED}`)
  }
  return lines
}

function messages(count: number): string {
  return `${count} message${count === 1 ? '' : 's'}`
}
