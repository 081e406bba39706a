import { encodeAddress } from '@posthouse/mail-address'

import { parseCommandLine } from './command-line.ts'
import { PostqueueError } from './errors.ts'
import { flushMessage, flushQueue, flushSite } from './flush-queue.ts'
import { jsonLine } from './json-listing.ts'
import { listQueue } from './list-queue.ts'
import type { ListedMessage } from './listed-message.ts'
import { systemErrorCode } from './open-queue-file.ts'
import type { MailSystem, PostqueuePorts } from './ports.ts'
import { printableText } from './printable-text.ts'
import { decodeListing } from './showq-protocol.ts'
import { TextListing } from './text-listing.ts'

const EX_UNAVAILABLE = 69
const EX_TEMPORARY = 75
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  ECONNREFUSED: 'Connection refused',
  ENOENT: 'No such file or directory',
}
const MAILQ_OPTIONS = ['-bp', '-v']
const ALLOWED = {
  authorized_mailq_users: 'view the mail queue',
  authorized_flush_users: 'flush the mail queue',
} as const

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
  try {
    const { action, configDirectory, isVerbose } = parseCommandLine(args)
    const system = await ports.open(configDirectory)
    if (isVerbose) say(`queue directory: ${system.directory}`)
    switch (action.kind) {
      case 'list':
        await requirePermission(system, 'authorized_mailq_users')
        await list(system, action.format, ports, say)
        return 0
      case 'flush':
        await requirePermission(system, 'authorized_flush_users')
        await flushQueue(system)
        return 0
      case 'flush-message':
        await requirePermission(system, 'authorized_flush_users')
        await flushMessage(system, action.id)
        return 0
      case 'flush-site':
        await requirePermission(system, 'authorized_flush_users')
        await flushSite(system, action.site, (text) => say(`warning: ${text}`))
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
 * @returns the exit status: 75 if the arguments make no sense, else that of postqueue.
 */
export function runMailq(args: readonly string[], ports: PostqueuePorts): Promise<number> {
  const refused = args.find((arg) => !MAILQ_OPTIONS.includes(arg))
  if (refused === undefined) {
    return runPostqueue(args.includes('-v') ? ['-v', '-p'] : ['-p'], ports)
  }
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
  const messages = system.user.ownsQueue
    ? await ownListing(system, say)
    : decodeListing(await connect(system))
  const text = new TextListing(system)
  for await (const message of messages) {
    const lines = format === 'json' ? jsonLine(message, system.smtputf8) : text.message(message)
    await ports.stdout(encodeAddress(lines))
  }
  if (format === 'text') await ports.stdout(encodeAddress(text.end()))
}

/** Who can read the queue needs nobody to answer, but is told if mail does not move. */
async function ownListing(
  system: MailSystem,
  say: (text: string) => void,
): Promise<AsyncIterable<ListedMessage>> {
  if (!(await system.isRunning())) {
    const what = 'Mail system is down -- accessing queue directly'
    const reason = await system.connectShowq().then(() => '', reasonOf)
    say(`warning: ${what}${reason === '' ? '' : ` (${connecting(system, reason)})`}`)
  }
  return listQueue(system, { ...system, warn: (text) => say(`warning: ${text}`) })
}

async function connect(system: MailSystem): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await system.connectShowq()
  } catch (cause) {
    const what = connecting(system, reasonOf(cause))
    if (systemErrorCode(cause) === 'EACCES') {
      throw new PostqueueError('unavailable', what, { cause })
    }
    const problem = `Queue report unavailable - mail system is down (${what})`
    throw new PostqueueError('unavailable', problem, { cause })
  }
}

function connecting({ mailName }: MailSystem, reason: string): string {
  return `Connect to the ${mailName} showq service: ${reason}`
}

function reasonOf(error: unknown): string {
  const known = REASONS[systemErrorCode(error) ?? '']
  return known ?? (error instanceof Error ? error.message : String(error))
}

async function requirePermission(
  system: MailSystem,
  parameter: 'authorized_mailq_users' | 'authorized_flush_users',
): Promise<void> {
  const { name, id, ownsQueue } = system.user
  if (ownsQueue || (await system.isListed(parameter))) return
  const what = `User ${name}(${id}) is not allowed to ${ALLOWED[parameter]}`
  throw new PostqueueError('refused', what)
}

function printerOf({ stderr }: PostqueuePorts): (text: string) => void {
  return (text) => stderr(encodeAddress(`postqueue: ${printableText(text, true)}\n`))
}
