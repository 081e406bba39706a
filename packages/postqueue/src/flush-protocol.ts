import { isQueueFileName } from '@posthouse/queue-store'

import { AttributeReader, encodeAttributes } from './attribute-list.ts'
import { PostqueueError } from './errors.ts'
import { flushMessage, flushSite } from './flush-queue.ts'
import type { FlushSystem } from './ports.ts'

const PROTOCOL = 'queue_flush_protocol'
const STATUS = { done: 0, malformed: 3, refused: 4, failed: 4294967295 } as const
const MAX_ATTRIBUTES = 8

/** What a client asks of a flush service. */
export type FlushRequest =
  | { readonly kind: 'send_file'; readonly queue_id: string }
  | { readonly kind: 'send_site'; readonly site: string }

/**
 * What a flush service answers to one client (`ipc-flush`). It keeps no logs (F-9): what delivery
 * agents would add to them is accepted, and has no effect.
 *
 * @param chunks What the client says.
 * @param warn Takes why a request failed, and what is odd about files.
 */
export async function* serveFlush(
  chunks: AsyncIterable<Uint8Array>,
  system: FlushSystem,
  warn: (text: string) => void,
): AsyncGenerator<Buffer, void, void> {
  yield encodeAttributes([['protocol', PROTOCOL]])
  const attributes = await readAttributes(new AttributeReader(chunks, 'flush'))
  const status = await answer(attributes, system, warn)
  if (status !== undefined) yield encodeAttributes([['status', String(status)]])
}

/** The bytes of a request. */
export function encodeFlushRequest({ kind, ...rest }: FlushRequest): Buffer {
  return encodeAttributes([['request', kind], ...Object.entries(rest)])
}

/**
 * Reads the answer of a flush service.
 *
 * @throws {PostqueueError} `protocol`, as a rejection.
 */
export async function decodeFlushAnswer(
  chunks: AsyncIterable<Uint8Array>,
): Promise<'done' | 'refused' | 'failed'> {
  const reader = new AttributeReader(chunks, 'flush')
  try {
    await reader.protocol(PROTOCOL)
    const status = await reader.value('status')
    if (status === String(STATUS.done)) return 'done'
    return status === String(STATUS.refused) ? 'refused' : 'failed'
  } finally {
    await reader.return()
  }
}

async function readAttributes(reader: AttributeReader): Promise<Map<string, string>> {
  const attributes = new Map<string, string>()
  for (let name = await reader.next(); name !== ''; name = await reader.next()) {
    if (attributes.size < MAX_ATTRIBUTES) attributes.set(name, await reader.next())
    else throw new PostqueueError('protocol', 'too many attributes in a flush request')
  }
  return attributes
}

async function answer(
  attributes: ReadonlyMap<string, string>,
  system: FlushSystem,
  warn: (text: string) => void,
): Promise<number | undefined> {
  const site = attributes.get('site')
  const id = attributes.get('queue_id')
  try {
    switch (attributes.get('request')) {
      case 'add':
        if (site === undefined || id === undefined) return STATUS.malformed
        if (!(await system.isFastFlushDomain(site.toLowerCase()))) return STATUS.refused
        return isQueueFileName(id) ? STATUS.done : STATUS.malformed
      case 'send_site':
        if (site === undefined) return STATUS.malformed
        await flushSite(system, site, warn)
        return STATUS.done
      case 'send_file':
        if (id === undefined || !isQueueFileName(id)) return STATUS.malformed
        await flushMessage(system, id)
        return STATUS.done
      case 'purge':
      case 'rfrsh':
        return STATUS.done
      default:
        return undefined
    }
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error
    const isRefused = error instanceof PostqueueError && error.code !== 'unavailable'
    if (isRefused) return STATUS.refused
    warn(error instanceof Error ? error.message : String(error))
    return STATUS.failed
  }
}
