import { encodeAddress } from '@posthouse/mail-address'

import { askFlush } from './ask-flush.ts'
import { parseCommandLine } from './command-line.ts'
import { PostqueueError } from './errors.ts'
import { flushMessage, flushQueue, flushSite } from './flush-queue.ts'
import { jsonLine } from './json-listing.ts'
import { openListing, requirePermission } from './open-listing.ts'
import type { MailSystem, PostqueuePorts } from './ports.ts'
import { printableText } from './printable-text.ts'
import { TextListing } from './text-listing.ts'

const EX_UNAVAILABLE = 69
const EX_TEMPORARY = 75
const MAILQ_OPTIONS = ['-bp', '-v']

/**
 * Runs postqueue(1): lists the queue, or has mail delivered now (F-83).
 *
 * @param args Without the name of the command.
 * @returns the exit status: 69 after a fatal error of any kind, which is on `stderr` (F-82).
 */
export async function runPostqueue(
  args: readonly string[],
  ports: PostqueuePorts,
): Promise<number> {
  const say = printerOf(ports)
  const warn = (text: string): void => say(`warning: ${text}`)
  try {
    const { action, configDirectory, isVerbose } = parseCommandLine(args)
    const system = await ports.open(configDirectory)
    if (isVerbose) say(`queue directory: ${system.directory}`)
    switch (action.kind) {
      case 'list':
        await list(system, action.format, ports, say)
        return 0
      case 'flush':
        await requirePermission(system, 'authorized_flush_users')
        await flushQueue(system)
        return 0
      case 'flush-message':
        await requirePermission(system, 'authorized_flush_users')
        if (system.user.ownsQueue) await flushMessage(system, action.id)
        else await askFlush(system, { kind: 'send_file', queue_id: action.id })
        return 0
      case 'flush-site':
        await requirePermission(system, 'authorized_flush_users')
        if (system.user.ownsQueue) await flushSite(system, action.site, warn)
        else await askFlush(system, { kind: 'send_site', site: action.site })
        return 0
    }
  } catch (error) {
    // A bug is shown by who called this.
    if (error instanceof TypeError || error instanceof RangeError) throw error
    if (error instanceof PostqueueError && error.notice !== undefined) say(error.notice)
    say(`fatal: ${error instanceof Error ? error.message : error}`)
    return EX_UNAVAILABLE
  }
}

/**
 * Runs mailq(1), which is `postqueue -p` and takes options of sendmail(1): `-v`, and `-bp`, which
 * is what it does anyway.
 *
 * @param postqueue Runs postqueue(1) with these arguments.
 * @returns the exit status: 75 if the arguments make no sense, else that of postqueue.
 */
export function runMailq(
  args: readonly string[],
  ports: PostqueuePorts,
  postqueue: (words: readonly string[]) => Promise<number> = (words) => runPostqueue(words, ports),
): Promise<number> {
  const refused = args.find((arg) => !MAILQ_OPTIONS.includes(arg))
  if (refused === undefined) return postqueue(args.includes('-v') ? ['-v', '-p'] : ['-p'])
  const problem = refused.startsWith('-')
    ? `unsupported: ${refused}`
    : 'display queue mode requires no recipient'
  ports.stderr(encodeAddress(`mailq: fatal: ${problem}\n`))
  return Promise.resolve(EX_TEMPORARY)
}

async function list(
  system: MailSystem,
  format: 'text' | 'json',
  ports: PostqueuePorts,
  say: (text: string) => void,
): Promise<void> {
  const messages = await openListing(system, say)
  const text = new TextListing(system)
  for await (const message of messages) {
    const lines = format === 'json' ? jsonLine(message, system.smtputf8) : text.message(message)
    await ports.stdout(encodeAddress(lines))
  }
  if (format === 'text') await ports.stdout(encodeAddress(text.end()))
}

function printerOf({ stderr }: PostqueuePorts): (text: string) => void {
  return (text) => stderr(encodeAddress(`postqueue: ${printableText(text, true)}\n`))
}
