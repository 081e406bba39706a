import {
  type FoundName,
  type HashingOptions,
  isReady,
  type QueueFileSystem,
  QueuePaths,
  scanDirectory,
} from '@posthouse/queue-store'

import { LISTED_QUEUES, type ListedMessage, type ListedRecipient } from './listed-message.ts'
import { systemErrorCode, unlessMissing, withQueueFile } from './open-queue-file.ts'
import { type QueueFileSummary, readQueueFile } from './queue-file-summary.ts'

/** What a listing needs to know of the queue. */
export interface ListingOptions extends HashingOptions {
  /** `smtputf8_enable` */
  readonly smtputf8: boolean
  /** `duplicate_filter_limit`: recipients of logs to remember for each message; 0: all. */
  readonly duplicateFilterLimit: number
  /** `empty_address_recipient`: what the null address is called. */
  readonly emptyAddressRecipient: string
}

/** What a listing needs of the machine. */
export interface ListingPorts {
  readonly files: QueueFileSystem
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** What is odd about a file, without `warning: `. */
  readonly warn: (text: string) => void
  readonly parseStatusLog: ParseStatusLog
}

/** Reads a status log (F-61), as `parseStatusLog` of `@posthouse/bounce` does. */
export type ParseStatusLog = (
  bytes: Uint8Array,
  options: { readonly kind: 'defer' | 'bounce'; readonly smtputf8: boolean },
) => {
  readonly entries: readonly {
    readonly recipient: string
    readonly originalRecipient?: string
    readonly reason: string
  }[]
  readonly warnings: readonly string[]
}

type ListedQueueName = (typeof LISTED_QUEUES)[number]
type LogKind = 'defer' | 'bounce'

const FORCED_EXPIRE = 0o010
/** Messages that are read side by side: the disk is what takes the time. */
const READ_AHEAD = 16

/**
 * Lists the messages in the queue directories (F-84). Sixteen are in memory at a time, however many
 * there are. Those of one directory come in order of name, 1024 at a time. What moves meanwhile may
 * be seen twice or not at all.
 *
 * Rejects with the error of the system call when a directory cannot be read.
 */
export async function* listQueue(
  options: ListingOptions,
  ports: ListingPorts,
): AsyncGenerator<ListedMessage, void, void> {
  const listing = new Listing(options, ports)
  const paths = new QueuePaths(options)
  for (const queue of LISTED_QUEUES) {
    const ahead: Promise<ListedMessage | undefined>[] = []
    for await (const found of queueNames(paths.queue(queue), queue, ports)) {
      ahead.push(listing.read(queue, found))
      const message = ahead.length < READ_AHEAD ? undefined : await ahead.shift()
      if (message !== undefined) yield message
    }
    for (const reading of ahead) {
      const message = await reading
      if (message !== undefined) yield message
    }
  }
}

async function* queueNames(
  directory: string,
  queue: ListedQueueName,
  { files }: ListingPorts,
): AsyncGenerator<FoundName, void, void> {
  try {
    for await (const found of scanDirectory(files, directory)) {
      // `maildrop` is never hashed (F-8).
      if (queue !== 'maildrop' || found.path === `${directory}/${found.name}`) yield found
    }
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error // A queue that nobody made is empty.
  }
}

class Listing {
  readonly #options: ListingOptions
  readonly #ports: ListingPorts
  readonly #paths: QueuePaths

  constructor(options: ListingOptions, ports: ListingPorts) {
    this.#options = options
    this.#ports = ports
    this.#paths = new QueuePaths(options)
  }

  /** A message; undefined where the file is no message that can be listed, or has vanished. */
  async read(queue: ListedQueueName, found: FoundName): Promise<ListedMessage | undefined> {
    try {
      return await this.#read(queue, found)
    } catch (error) {
      // One file that cannot be read is no reason to keep the others from view.
      if (systemErrorCode(error) === undefined || !(error instanceof Error)) throw error
      const path = found.path.slice(this.#options.directory.length + 1)
      this.#ports.warn(`${path}: ${error.message}`)
      return undefined
    }
  }

  async #read(
    queue: ListedQueueName,
    { name, path }: FoundName,
  ): Promise<ListedMessage | undefined> {
    const { files, now, warn } = this.#ports
    const { directory, emptyAddressRecipient } = this.#options
    const status = await unlessMissing(() => files.lstat(path))
    if (status === undefined || !isReady(status, path, { directory, warn, now })) return undefined
    const place = { id: name, path: path.slice(directory.length + 1) }
    const summary = await withQueueFile(files, path, (reader) => readQueueFile(reader, place, warn))
    if (summary === undefined) return undefined
    return {
      queueName: queue,
      queueId: name,
      arrivalSeconds: Math.floor((summary.arrivalMs ?? status.modifiedMs) / 1000),
      sizeBytes: summary.sizeBytes ?? status.sizeBytes,
      isForcedExpire: (status.mode & FORCED_EXPIRE) !== 0,
      sender: summary.sender || emptyAddressRecipient,
      recipients: await this.#recipients(name, summary),
      nextAttemptMs: status.modifiedMs,
    }
  }

  /** Those of the logs first: what they are late or failed for is what people look for. */
  async #recipients(id: string, { recipients }: QueueFileSummary): Promise<ListedRecipient[]> {
    const { duplicateFilterLimit, emptyAddressRecipient } = this.#options
    const logged = [...(await this.#logged('defer', id)), ...(await this.#logged('bounce', id))]
    const remembered = duplicateFilterLimit > 0 ? logged.slice(0, duplicateFilterLimit) : logged
    const seen = new Set(remembered.map(({ address }) => address))
    for (const { address, originalAddress } of recipients) {
      if (seen.has(address)) continue
      const original = originalAddress === undefined ? {} : { originalAddress }
      logged.push({
        address: address || emptyAddressRecipient,
        ...original,
        reason: '',
        source: 'file',
      })
    }
    return logged
  }

  async #logged(kind: LogKind, id: string): Promise<ListedRecipient[]> {
    const path = this.#paths.file(kind, id)
    const bytes = await this.#readLog(path)
    if (bytes === undefined) return []
    const { smtputf8 } = this.#options
    const { entries, warnings } = this.#ports.parseStatusLog(bytes, { kind, smtputf8 })
    const relativePath = path.slice(this.#options.directory.length + 1)
    for (const warning of warnings) this.#ports.warn(`${relativePath}: ${warning}`)
    return entries.map(({ recipient, originalRecipient, reason }) => ({
      address: recipient,
      ...(originalRecipient === undefined ? {} : { originalAddress: originalRecipient }),
      reason,
      source: kind,
    }))
  }

  async #readLog(path: string): Promise<Uint8Array | undefined> {
    const { files } = this.#ports
    const file = await unlessMissing(() => files.open(path, 'read'))
    if (file === undefined) return undefined
    try {
      const bytes = Buffer.allocUnsafe(files.fstat(file).sizeBytes)
      return bytes.subarray(0, await files.read(file, bytes, 0))
    } finally {
      files.close(file)
    }
  }
}
