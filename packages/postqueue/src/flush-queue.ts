import { domainToASCII } from 'node:url'
import { isAddressLiteral, isValidHostname } from '@posthouse/mail-address'
import { isQueueFileName, isReady, QueuePaths, scanDirectory } from '@posthouse/queue-store'

import { PostqueueError } from './errors.ts'
import { systemErrorCode, unlessMissing, withQueueFile } from './open-queue-file.ts'
import type { FlushSystem } from './ports.ts'
import { readQueueFile } from './queue-file-summary.ts'

const FLUSH_BIT = 0o040
const MODE_BITS = 0o7777
const DIRECTORY_MODE = 0o700
const MAX_NAME_BYTES = 100

/** Has everything tried now (S-40). @throws {PostqueueError} `unavailable` */
export async function flushQueue(system: FlushSystem): Promise<void> {
  await trigger(system, 'FADI')
  // There may be no such service; what is queued is not its business.
  await system.trigger('pickup', 'W').catch(() => undefined)
}

/**
 * Has one message tried now, and what it needs revived: asks for that with its mode bit 0040, puts
 * the time of now on it, and moves it from `deferred` to `incoming` (F-13, F-15). A message that is
 * in neither queue is no error.
 *
 * @throws {PostqueueError} `usage`, `unavailable`
 */
export async function flushMessage(system: FlushSystem, id: string): Promise<void> {
  checkId(id)
  await requireRunning(system)
  const paths = new QueuePaths(system)
  for (const queue of ['deferred', 'incoming'] as const) {
    await hasten(system, id, paths.file(queue, id), FLUSH_BIT)
  }
  await trigger(system, 'I')
}

/**
 * Has the deferred messages tried that have a recipient at a site, and dead destinations revived
 * (S-40). There is no log of the site's messages (F-9): each file of `deferred` is looked at.
 *
 * @throws {PostqueueError} `usage`, `refused`, `unavailable`
 */
export async function flushSite(
  system: FlushSystem,
  site: string,
  warn: (text: string) => void,
): Promise<void> {
  checkSite(site)
  if (!(await system.isFastFlushDomain(site.toLowerCase()))) throw notConfigured(site)
  await requireRunning(system)
  await trigger(system, 'F')
  const paths = new QueuePaths(system)
  for await (const { name, path } of scanDirectory(system.files, paths.queue('deferred'))) {
    if (await isFor(system, asciiDomain(site), { name, path }, warn)) {
      await hasten(system, name, path, 0)
    }
  }
  await trigger(system, 'I')
}

/** @throws {PostqueueError} `usage`: it cannot be a queue id. */
export function checkId(id: string): void {
  if (isQueueFileName(id)) return
  throw new PostqueueError('usage', `Cannot flush queue ID - invalid name: ${quoted(id)}`)
}

/** @throws {PostqueueError} `usage`: it is neither a host name nor an address. */
export function checkSite(site: string): void {
  if (isValidHostname(site) || isAddressLiteral(site)) return
  const what = `invalid destination: ${quoted(site)}`
  throw new PostqueueError('usage', `Cannot flush mail queue - ${what}`)
}

/** `fast_flush_domains` does not have the site. */
export function notConfigured(site: string): PostqueueError {
  const what = `not configured for destination ${quoted(site)}`
  return new PostqueueError('refused', `Flush service is ${what}`)
}

/** Nobody is there who could flush anything. */
export function isDown(cause?: unknown): PostqueueError {
  const text = 'Cannot flush mail queue - mail system is down'
  return new PostqueueError('unavailable', text, { cause })
}

async function isFor(
  { files, directory, now }: FlushSystem,
  site: string,
  { name, path }: { readonly name: string; readonly path: string },
  warn: (text: string) => void,
): Promise<boolean> {
  const status = await unlessMissing(() => files.lstat(path))
  if (status === undefined || !isReady(status, path, { directory, warn, now })) return false
  const place = { id: name, path: path.slice(directory.length + 1) }
  const summary = await withQueueFile(files, path, (reader) => readQueueFile(reader, place, warn))
  const recipients = summary?.recipients ?? []
  return recipients.some(({ address }) => {
    return asciiDomain(address.slice(address.lastIndexOf('@') + 1)) === site
  })
}

/** Makes a file the next to be tried; one of `deferred` moves to `incoming`. */
async function hasten(
  system: FlushSystem,
  id: string,
  path: string,
  modeBits: number,
): Promise<void> {
  const { files, directory, now } = system
  await unlessMissing(async () => {
    const status = await files.lstat(path)
    if (!isReady(status, path, { directory, warn: () => undefined, now })) return
    if (modeBits !== 0) await system.setMode(path, (status.mode & MODE_BITS) | modeBits)
    await files.utimes(path, now(), now())
    const target = new QueuePaths(system).file('incoming', id)
    if (target !== path) await moveTo(system, path, target, id)
  })
}

async function moveTo(
  system: FlushSystem,
  path: string,
  target: string,
  id: string,
): Promise<void> {
  const { files } = system
  try {
    await files.rename(path, target)
  } catch (error) {
    const directories = new QueuePaths(system).hashDirectories('incoming', id)
    if (systemErrorCode(error) !== 'ENOENT' || directories.length === 0) throw error
    for (const directory of directories) {
      await files.mkdir(directory, DIRECTORY_MODE).catch(unlessThere)
    }
    await files.rename(path, target)
  }
}

function unlessThere(error: unknown): void {
  if (systemErrorCode(error) !== 'EEXIST') throw error
}

async function requireRunning(system: FlushSystem): Promise<void> {
  if (!(await system.isRunning())) throw isDown()
}

async function trigger(system: FlushSystem, requests: string): Promise<void> {
  await requireRunning(system)
  try {
    await system.trigger('qmgr', requests)
  } catch (cause) {
    if (systemErrorCode(cause) === undefined) throw cause
    throw isDown(cause)
  }
}

function asciiDomain(domain: string): string {
  return domainToASCII(domain) || domain.toLowerCase()
}

/** Names of more than 100 bytes are cut. */
function quoted(name: string): string {
  const bytes = Buffer.from(name)
  if (bytes.length <= MAX_NAME_BYTES) return `"${name}"`
  return `"${bytes.toString('utf8', 0, MAX_NAME_BYTES)}..."`
}
