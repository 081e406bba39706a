import { PostqueueError } from './errors.ts'
import { decodeFlushAnswer, encodeFlushRequest, type FlushRequest } from './flush-protocol.ts'
import { checkId, checkSite, isDown, notConfigured } from './flush-queue.ts'
import { systemErrorCode } from './open-queue-file.ts'
import type { MailSystem } from './ports.ts'

/**
 * Has the flush service do it, for users whom the queue does not belong to.
 *
 * @throws {PostqueueError}
 */
export async function askFlush(system: MailSystem, request: FlushRequest): Promise<void> {
  if (request.kind === 'send_file') checkId(request.queue_id)
  else checkSite(request.site)
  const answer = await decodeFlushAnswer(await connect(system, request))
  if (answer === 'done') return
  if (answer === 'refused' && request.kind === 'send_site') throw notConfigured(request.site)
  const text = 'Cannot flush mail queue - the flush service failed, its log says why'
  throw new PostqueueError('unavailable', text)
}

async function connect(
  system: MailSystem,
  request: FlushRequest,
): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await system.askFlush(encodeFlushRequest(request))
  } catch (cause) {
    const code = systemErrorCode(cause)
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw cause
    throw isDown(cause)
  }
}
