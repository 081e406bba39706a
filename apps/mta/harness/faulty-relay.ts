import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Cleanup, type CleanupOptions, qmqpReply } from '@posthouse/cleanup'
import { systemClock, VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import {
  type DeliveryReport,
  type DeliveryRequest,
  QueueManager,
  type QueueManagerOptions,
} from '@posthouse/queue-manager'
import { type QueueFileSystem, QueueStore } from '@posthouse/queue-store'

import { queueInternalMail } from '../src/internal-mail.ts'
import { type NoticeOptions, Notices } from '../src/notices.ts'
import { FaultyDisk } from './faulty-disk.ts'

const CLIENT = { name: 'localhost', address: '127.0.0.1', port: 4242, family: 4 } as const
const RETRY_MS = 10_000
const STEPS = 40

/** What cleanup and queue manager read from main.cf. */
export interface FaultyRelayOptions {
  readonly cleanup: CleanupOptions
  readonly queueManager: QueueManagerOptions
  readonly notices: NoticeOptions
}

/** What a client was told of a message. */
export interface Submission {
  readonly recipients: readonly string[]
  readonly text: string
  id: string
  /** Undefined while it waits. */
  reply: string | undefined
}

/**
 * Cleanup, queue store and queue manager joined as in the mail system, on a disk that fails, in a
 * time of their own. Recipients `slow@…` take 1 s, `later@…` are refused until `accepting`, `bad@…`
 * for good.
 */
export class FaultyRelay {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'posthouse-faults-'))
  readonly clock = new VirtualClock(systemClock.now())
  readonly log = memoryLogger()
  readonly disk: FaultyDisk
  readonly submissions: Submission[] = []
  /** Each recipient with the text that it got. */
  readonly deliveries: { recipient: string; text: string; queueId: string }[] = []
  /** Recipients of whose failure the sender was told, once for each time. */
  readonly told: string[] = []
  accepting = false
  readonly #options: FaultyRelayOptions
  #store: QueueStore | undefined
  #queueManager: QueueManager | undefined
  #cleanup: Cleanup | undefined

  constructor(files: QueueFileSystem, options: FaultyRelayOptions) {
    this.disk = new FaultyDisk(files)
    this.#options = options
  }

  /** As the mail system starts; tried again every 10 s, as a supervisor would. */
  async start(): Promise<void> {
    for (;;) {
      try {
        return await this.#start()
      } catch (error) {
        this.log.logger.fatal(String(error))
        await this.#queueManager?.drain()
        await this.run(RETRY_MS)
      }
    }
  }

  async #start(): Promise<void> {
    const { clock } = this
    const log = this.log.logger
    const store = await QueueStore.open({
      directory: this.directory,
      hashQueueNames: ['deferred', 'defer'],
      hashQueueDepth: 1,
      longQueueIds: false,
      contentCacheBytes: 4096,
      clock,
      log,
      fileSystem: this.disk.files,
    })
    await store.removeUnfinished()
    const cleanup = new Cleanup(this.#options.cleanup, {
      store,
      queue: 'active',
      rewrite: (address) => address,
      rewriteExternal: (address) => address,
      log,
      zoneName: () => 'UTC',
    })
    const notices = new Notices(this.#options.notices, {
      ...{ store, clock },
      queueInternal: (message) =>
        queueInternalMail(message, {
          ...{ clock, formatDate: this.#options.notices.formatDate },
          cleanup: () => cleanup,
          queued: (envelope) => this.#queueManager!.accept(envelope, 'active'),
          held: () => undefined,
        }),
      logOf: () => log,
    })
    const queueManager = new QueueManager(this.#options.queueManager, {
      store,
      resolve: (_, recipient) => {
        const nexthop = recipient.slice(recipient.indexOf('@') + 1)
        return { kind: 'route', transport: 'smtp', nexthop, recipient }
      },
      rewrite: (address) => address,
      notices: { has: () => true, send: (request) => notices.send(request) },
      agents: () => ({ deliver: (request) => this.#deliver(request) }),
      deliveryLog: () => log,
      log,
      clock,
    })
    this.#store = store
    this.#queueManager = queueManager
    this.#cleanup = cleanup
    await queueManager.start()
  }

  /** Hands a message in; the reply comes later. */
  submit(recipients: readonly string[], text: string): Submission {
    const submission: Submission = { recipients, text, id: '', reply: undefined }
    this.submissions.push(submission)
    void this.#submit(submission)
    return submission
  }

  /** Lets so much time pass, and what happens in it happen. */
  async run(durationMs: number): Promise<void> {
    const startMs = this.clock.now()
    await this.disk.idle()
    for (let step = 1; step <= STEPS; step++) {
      await this.clock.run(startMs + (durationMs * step) / STEPS)
      await this.disk.idle()
    }
  }

  /** As postsuper -h and -H, or whoever looks at a message. */
  get store(): QueueStore {
    return this.#store!
  }

  async stop(): Promise<void> {
    const draining = this.#queueManager?.drain()
    await this.run(RETRY_MS)
    await draining
    await this.store.close()
  }

  /** Files of the queue by path, status logs and spare files included. */
  queueFiles(): string[] {
    const entries = readdirSync(this.directory, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    return files.map(({ parentPath, name }) => join(parentPath, name))
  }

  remove(): void {
    rmSync(this.directory, { recursive: true })
  }

  async #submit(submission: Submission): Promise<void> {
    const { recipients, text } = submission
    const arrivalTimeMs = this.clock.now()
    try {
      const transaction = await this.#cleanup!.open(CLIENT)
      submission.id = transaction.id
      const content = Buffer.from(text)
      const message = { content, sender: 's@x.test', recipients, arrivalTimeMs }
      const result = await transaction.submit(message)
      const { kind, text: reply } = qmqpReply(result)
      submission.reply = { ok: 'K', temporary: 'Z', permanent: 'D' }[kind] + reply
      if (result.kind === 'queued') this.#queueManager!.accept(result.envelope, 'active')
    } catch (error) {
      // As the QMQP server.
      this.log.logger.warning(String(error))
      submission.reply = 'Z'
    }
  }

  async #deliver(request: DeliveryRequest): Promise<DeliveryReport> {
    const chunks: Uint8Array[] = []
    const isSlow = request.recipients.some(({ address }) => address.startsWith('slow@'))
    if (isSlow) await new Promise<void>((resolve) => this.clock.after(1000, resolve))
    const { queueId } = request
    const content = this.store.readContent(queueId, 'active', request)
    for await (const chunk of content) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const outcomes = request.recipients.map(({ address: recipient }) => {
      const common = { relay: 'none', doneMs: this.clock.now() }
      if (recipient.startsWith('later@') && !this.accepting) {
        return { kind: 'deferred', status: '4.2.0', text: 'later', ...common } as const
      }
      if (recipient.startsWith('bad@')) {
        return { kind: 'bounced', status: '5.1.1', text: 'nobody', ...common } as const
      }
      if (request.sender === '') this.told.push(...failuresIn(text))
      else this.deliveries.push({ recipient, text, queueId })
      return { kind: 'sent', status: '2.0.0', text: 'ok', ...common } as const
    })
    return { outcomes }
  }
}

/** Of whom a notification tells. */
function failuresIn(notification: string): string[] {
  return notification.match(/(?<=^Final-Recipient: rfc822; ).*/gm) ?? []
}
