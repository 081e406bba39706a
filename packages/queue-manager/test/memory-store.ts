import type {
  EnvelopeRecipient,
  MessageEnvelope,
  MessageQueue,
  QueueEntry,
  QueueListener,
  RecipientBatch,
  UnreadRecipients,
} from '@posthouse/queue-store'

import type { MessageStore } from '../src/index.ts'
import type { QueueWatch } from '../src/ports.ts'

/** What a test may vary of a message. */
export interface NewMemoryMessage extends Partial<Omit<MessageEnvelope, 'recipients'>> {
  readonly recipients: readonly (string | Partial<EnvelopeRecipient>)[]
}

interface MemoryFile {
  queue: MessageQueue
  modifiedMs: number
  mode: number
  envelope: MessageEnvelope
}

/**
 * Queue files in memory. Like the real ones they survive the queue manager; unlike them every
 * change is there at once, though its promise resolves later.
 */
export class MemoryStore implements MessageStore {
  readonly files = new Map<string, MemoryFile>()
  readonly statusLogs = new Map<string, string>()
  readonly calls: string[] = []
  /** Rejects calls that begin with one of these, such as `move ID active`. */
  readonly failing = new Set<string>()
  /** Entries that were read from directories. */
  scanned = 0
  /** Changes were not told of. */
  missed = false
  readonly #listeners = new Map<QueueListener, MessageQueue>()
  #isUnseen = false
  readonly #startMs: number
  #nextId = 0

  /** @param startMs When messages are made unless `add` says otherwise. */
  constructor(startMs = 0) {
    this.#startMs = startMs
  }

  add(
    message: NewMemoryMessage,
    queue: MessageQueue = 'incoming',
    modifiedMs = this.#startMs,
  ): MessageEnvelope {
    this.#nextId += 1
    const id = message.id ?? `M${String(this.#nextId).padStart(5, '0')}`
    const { recipients, ...rest } = message
    const envelope: MessageEnvelope = {
      id,
      sender: 's@x.test',
      arrivalTimeMs: modifiedMs,
      createTimeMs: modifiedMs,
      contentOffset: 100,
      dataSize: 200,
      contentLength: 200,
      recipientCount: recipients.length,
      recipients: recipients.map((recipient, i) => ({
        address: '',
        notify: 0,
        offset: 50 + 10 * i,
        ...(typeof recipient === 'string' ? { address: recipient } : recipient),
      })),
      encoding: '',
      sendOptions: 0,
      flush: false,
      attributes: new Map(),
      ...rest,
    }
    this.files.set(id, { queue, modifiedMs, mode: 0o700, envelope })
    this.#tell(id, queue)
    return envelope
  }

  /** Does what another program could do to a file. */
  change(id: string, change: { queue?: MessageQueue; modifiedMs?: number }): void {
    const file = this.files.get(id)
    if (file === undefined) return
    this.#tell(id, file.queue)
    Object.assign(file, change)
    this.#tell(id, file.queue)
  }

  async watch(queue: MessageQueue, listener: QueueListener): Promise<QueueWatch> {
    this.#call(`watch ${queue}`)
    this.#listeners.set(listener, queue)
    return {
      find: async (id) => {
        this.#call(`find ${id}`)
        const file = this.files.get(id)
        if (file?.queue !== queue) return undefined
        return { id, modifiedMs: file.modifiedMs, mode: file.mode }
      },
      missedChanges: async () => {
        const { missed } = this
        this.missed = false
        return missed
      },
      close: () => void this.#listeners.delete(listener),
    }
  }

  /** What is watched now. */
  get watched(): MessageQueue[] {
    return Array.from(this.#listeners.values())
  }

  /** Does what is not told of, and leaves a trace. */
  unseen(work: () => void): void {
    this.#isUnseen = true
    work()
    this.#isUnseen = false
    this.missed = true
  }

  /** As when the system does not know what has changed. */
  lose(): void {
    for (const listener of this.#listeners.keys()) listener.lost()
  }

  /** `queue` of each message, by id. */
  places(): Record<string, MessageQueue> {
    return Object.fromEntries(Array.from(this.files, ([id, { queue }]) => [id, queue]))
  }

  async *scan(queue: MessageQueue): AsyncGenerator<QueueEntry, void, void> {
    this.#call(`scan ${queue}`)
    const ids = Array.from(this.files.keys()).filter((id) => this.files.get(id)?.queue === queue)
    for (const id of ids.sort()) {
      const file = this.files.get(id)
      if (file?.queue !== queue) continue
      this.scanned += 1
      yield { id, modifiedMs: file.modifiedMs, mode: file.mode }
    }
  }

  async move(
    id: string,
    from: MessageQueue,
    to: MessageQueue,
    options: { modifiedMs?: number } = {},
  ): Promise<boolean> {
    this.#call(`move ${id} ${from} ${to}`)
    const file = this.files.get(id)
    if (file?.queue !== from) return false
    file.queue = to
    file.modifiedMs = options.modifiedMs ?? file.modifiedMs
    this.#tell(id, from)
    this.#tell(id, to)
    return true
  }

  async remove(id: string, queue: MessageQueue): Promise<boolean> {
    this.#call(`remove ${id} ${queue}`)
    const isThere = this.files.get(id)?.queue === queue && this.files.delete(id)
    if (isThere) this.#tell(id, queue)
    return isThere
  }

  async readEnvelope(
    id: string,
    queue: MessageQueue,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<MessageEnvelope> {
    this.#call(`readEnvelope ${id} ${queue}`)
    const file = this.files.get(id)
    if (file?.queue !== queue) throw new StoreError('vanished', 'no such file')
    return { ...file.envelope, ...batchOf(file.envelope.recipients, limit) }
  }

  async readRecipients(
    { id }: MessageEnvelope,
    queue: MessageQueue,
    { behind }: UnreadRecipients,
    limit: number,
  ): Promise<RecipientBatch> {
    this.#call(`readRecipients ${id} ${queue} ${limit}`)
    const file = this.files.get(id)
    if (file?.queue !== queue) throw new StoreError('vanished', 'no such file')
    const { recipients } = file.envelope
    return batchOf(
      recipients.filter(({ offset }) => offset > behind),
      limit,
    )
  }

  async markDone(id: string, queue: MessageQueue, offsets: readonly number[]): Promise<void> {
    this.#call(`markDone ${id} ${queue} ${offsets.join(' ')}`)
    const file = this.files.get(id)
    const isMoved = file?.queue === 'hold' || file?.queue === 'deferred'
    if (file === undefined || (file.queue !== queue && !isMoved)) {
      throw new StoreError('vanished', 'no such file')
    }
    const done = new Set(offsets)
    const recipients = file.envelope.recipients.filter(({ offset }) => !done.has(offset))
    file.envelope = { ...file.envelope, recipients }
  }

  async appendStatusLog(kind: string, id: string, text: string): Promise<void> {
    this.#call(`appendStatusLog ${kind} ${id}`)
    this.statusLogs.set(`${kind}/${id}`, (this.statusLogs.get(`${kind}/${id}`) ?? '') + text)
  }

  async readStatusLog(kind: string, id: string): Promise<Uint8Array | undefined> {
    this.#call(`readStatusLog ${kind} ${id}`)
    const text = this.statusLogs.get(`${kind}/${id}`)
    return text === undefined ? undefined : Buffer.from(text)
  }

  async noteSent(id: string, queue: MessageQueue, notice: string): Promise<void> {
    this.#call(`noteSent ${id} ${queue} ${notice}`)
    const file = this.files.get(id)
    if (file === undefined) throw new StoreError('vanished', 'no such file')
    const { warningTimeMs, ...envelope } = file.envelope
    const attributes = new Map(envelope.attributes)
    if (notice === 'trace-report') attributes.delete('trace_flags')
    const isWarned = notice === 'delay-warning'
    file.envelope = {
      ...(isWarned ? { ...envelope, isDelaySent: true } : file.envelope),
      attributes,
    }
  }

  async removeStatusLog(kind: string, id: string): Promise<void> {
    this.#call(`removeStatusLog ${kind} ${id}`)
    this.statusLogs.delete(`${kind}/${id}`)
  }

  #tell(id: string, queue: MessageQueue): void {
    if (this.#isUnseen) return
    for (const [listener, watched] of this.#listeners) if (watched === queue) listener.changed(id)
  }

  #call(text: string): void {
    this.calls.push(text)
    for (const prefix of this.failing) {
      if (text.startsWith(prefix)) throw new StoreError('write', `EIO: ${text}`)
    }
  }
}

function batchOf(recipients: readonly EnvelopeRecipient[], limit: number): RecipientBatch {
  const last = recipients[limit - 1]
  if (last === undefined || recipients.length === limit) return { recipients }
  const unread = { atMost: recipients.length - limit, behind: last.offset }
  return { recipients: recipients.slice(0, limit), unread }
}

/** Looks like the error of the real store. */
export class StoreError extends Error {
  readonly code: string
  readonly warnings: readonly string[]

  constructor(code: string, message: string, warnings: readonly string[] = [message]) {
    super(message)
    this.code = code
    this.warnings = warnings
  }
}
