import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type QmqpSubmission, submitMessage } from '@posthouse/qmqp-client'

/** What cleanup(8) of a mail system made of one message, in a form that can be compared. */
export interface CleanupOutcome {
  readonly reply: string
  /** `postcat`, without times and what is said of the client; empty when nothing was queued. */
  readonly queued: string
  readonly isHeld: boolean
}

const HOLD = 'hold'
const QUEUES = [HOLD, 'incoming', 'active', 'deferred']
const MASKS: [pattern: RegExp, mask: string][] = [
  [/^(?:message_size|message_arrival_time|create_time): .*\n/gm, ''],
  [/^named_attribute: (?:create_time|log_\w+|client_\w+|protocol_name|message_id)=.*\n/gm, ''],
  [/^\*\*\* .*\n/gm, '***\n'],
  [/^((?:Resent-)?Date:|\t(?:id .*|for .*);) .*$/gm, '$1'],
  [/\b\d{14}\.(?=<QID>)/g, ''],
]
// Release 3.7 logs no removals, misses its queue manager, and clocks are those of a busy machine.
const ONLY_ONE_LOGS =
  /removed \((?:canceled|discarded)\)|unable to look up public\/qmgr|file system clock|time stamps/

/**
 * Submits a message and looks at the queue file. Needs postcat(1).
 *
 * @param conf A directory with a main.cf for postcat, where a copy of the file may be.
 */
export async function cleanupOutcome(
  { directory, port }: { readonly directory: string; readonly port: number },
  message: QmqpSubmission,
  conf: string,
): Promise<CleanupOutcome> {
  const verdict = await submitMessage({ host: '127.0.0.1', port }, message)
  const id = /queued as (\S+)/.exec(verdict.text)?.[1]
  const reply = `${verdict.kind} ${verdict.text.replace(id ?? '<QID>', '<QID>')}`
  const file = id === undefined ? undefined : copyOf(join(directory, 'queue'), id, conf)
  if (id === undefined || file === undefined) return { reply, queued: '', isHeld: false }
  const text = execFileSync('postcat', ['-c', conf, file.copy], { encoding: 'latin1' })
  const queued = MASKS.reduce(
    (result, [pattern, mask]) => result.replace(pattern, mask),
    text.replaceAll(id, '<QID>'),
  )
  return { reply, queued, isHeld: file.queue === HOLD }
}

/** What cleanup(8) logged, without the ids in it and what only one of the two logs. */
export function comparableLog(log: readonly string[]): string[] {
  return linesOfCleanup(log)
    .filter((line) => !ONLY_ONE_LOGS.test(line))
    .map(
      (line) =>
        line
          .replace(/\b[0-9A-F]{9,12}(?=[:@])/g, '<QID>')
          .replace(/\d{14}\.(?=<QID>)/, '')
          .replace(/(?<=with QMQP id )\w+/, '<QID>'), // Of `Received:`, which may be cut there.
    )
}

function linesOfCleanup(log: readonly string[]): string[] {
  return log.flatMap((line) => {
    const [, text] = /postfix\/cleanup\[\d+\]: (.*)/.exec(line) ?? []
    return text === undefined ? [] : [text]
  })
}

/** The file may move, and even come back, while it is looked for; undefined when it is nowhere. */
function copyOf(
  queue: string,
  id: string,
  conf: string,
): { queue: string; copy: string } | undefined {
  const copy = join(conf, 'copy')
  for (let attempt = 0; attempt < 20; attempt++) {
    for (const name of QUEUES) {
      const found = readdirSync(join(queue, name), { recursive: true }).map(String)
      const path = found.find((each) => each === id || each.endsWith(`/${id}`))
      if (path === undefined) continue
      try {
        writeFileSync(copy, readFileSync(join(queue, name, path)))
      } catch {
        continue // It moved.
      }
      return { queue: name, copy }
    }
  }
  return undefined
}
