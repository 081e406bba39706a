import { PostqueueError } from './errors.ts'
import { listQueue } from './list-queue.ts'
import type { ListedMessage } from './listed-message.ts'
import { systemErrorCode } from './open-queue-file.ts'
import type { MailSystem } from './ports.ts'
import { decodeListing } from './showq-protocol.ts'

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  ECONNREFUSED: 'Connection refused',
  ENOENT: 'No such file or directory',
}
const ALLOWED = {
  authorized_mailq_users: 'view the mail queue',
  authorized_flush_users: 'flush the mail queue',
} as const

/**
 * The messages in the queue, for a user that may see them: from the files, if they are its own,
 * else as the showq service tells.
 *
 * @param say Takes messages for the user.
 * @throws {PostqueueError} `refused`, `unavailable`
 */
export async function openListing(
  system: MailSystem,
  say: (text: string) => void,
): Promise<AsyncIterable<ListedMessage>> {
  await requirePermission(system, 'authorized_mailq_users')
  return system.user.ownsQueue ? ownListing(system, say) : decodeListing(await connect(system))
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

/** @throws {PostqueueError} `refused`: the user is not on the list. */
export async function requirePermission(
  system: MailSystem,
  parameter: 'authorized_mailq_users' | 'authorized_flush_users',
): Promise<void> {
  const { name, id, ownsQueue } = system.user
  if (ownsQueue || (await system.isListed(parameter))) return
  const what = `User ${name}(${id}) is not allowed to ${ALLOWED[parameter]}`
  throw new PostqueueError('refused', what)
}
