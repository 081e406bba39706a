import type { Socket } from 'node:net'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { systemClock as clock } from '@posthouse/clock'
import { ConnectionCache } from '@posthouse/connection-cache'
import type { MailLog } from '@posthouse/mail-log'
import { type ConnectionHandler, type Endpoint, Listeners, programOf } from '@posthouse/master'
import { QueueManager } from '@posthouse/queue-manager'
import { QueueStore } from '@posthouse/queue-store'
import type { SmtpSession } from '@posthouse/smtp-client'

import {
  buildGeneration,
  connectionHandlers,
  type Generation,
  type SharedParts,
} from './generation.ts'
import type { Configuration } from './load-configuration.ts'
import { queueManagerOptions, transportNames } from './options/queue-manager-options.ts'
import { programLog } from './service-log.ts'
import { systemResolver } from './system-resolver.ts'

// What is kept in memory beyond what Postfix has parameters for.
const CONTENT_CACHE_BYTES = 64 * 1024 * 1024
const MAX_SESSIONS = 200
const MAX_TRIGGER_BYTES = 1024

/** The relay: joins the parts that a configuration asks for, and starts and stops them in order. */
export class MailSystem {
  readonly #mailLog: MailLog
  readonly #listeners: Listeners
  readonly #sessions: ConnectionCache<SmtpSession>
  readonly #parts: SharedParts
  readonly #started = Promise.withResolvers<void>()
  #generation: Generation
  #queueManager: QueueManager

  private constructor(configuration: Configuration, mailLog: MailLog, store: QueueStore) {
    const maxTtlMs = configuration.config.connection_cache_ttl_limit
    this.#mailLog = mailLog
    this.#listeners = new Listeners(mailLog.logger('master'))
    this.#sessions = new ConnectionCache({ maxSessions: MAX_SESSIONS, maxTtlMs }, clock)
    this.#parts = {
      mailLog,
      store,
      sessions: this.#sessions,
      dns: systemResolver(),
      queued: (envelope, isOneOfMany) => {
        this.#queueManager.accept(envelope, 'active', isOneOfMany)
      },
    }
    this.#generation = buildGeneration(configuration, this.#parts)
    this.#queueManager = this.#buildQueueManager(configuration)
  }

  /**
   * Opens queue and sockets. Clients are accepted and wait: they are served after `start`, so that
   * privileges can be given up in between.
   */
  static async open(configuration: Configuration, mailLog: MailLog): Promise<MailSystem> {
    const { config, queueDirectory } = configuration
    const store = await QueueStore.open({
      directory: queueDirectory,
      hashQueueNames: config.hash_queue_names,
      hashQueueDepth: config.hash_queue_depth,
      longQueueIds: config.enable_long_queue_ids,
      verpDelimiterFilter: config.verp_delimiter_filter,
      contentCacheBytes: CONTENT_CACHE_BYTES,
      clock,
      log: mailLog.logger('cleanup'),
      processId: process.pid,
    })
    const system = new MailSystem(configuration, mailLog, store)
    await system.#listen(system.#generation)
    return system
  }

  /** Takes back the mail of the last run, then serves. */
  async start(): Promise<void> {
    const unfinished = await this.#parts.store.removeUnfinished()
    if (unfinished > 0) {
      const text = `removed ${unfinished} queue files that the last run left unfinished`
      this.#mailLog.logger('master').info(text)
    }
    await this.#queueManager.start() // First, so that mail left from the last run goes ahead.
    this.#started.resolve()
  }

  /**
   * Changes over to a new configuration. Sessions and deliveries that are under way end with the
   * old one.
   *
   * @throws {MasterError} A new socket cannot be opened; all stays as it was.
   */
  async reload(configuration: Configuration): Promise<void> {
    const old = this.#generation
    const next = buildGeneration(configuration, this.#parts)
    await this.#listen(next)
    this.#generation = next
    for (const server of new Set(old.qmqpServers.values())) void server.drain()
    if (!isDeepStrictEqual(schedulingOf(old.configuration), schedulingOf(configuration))) {
      await this.#replaceQueueManager(configuration)
    }
  }

  /** Ends what is under way and keeps the rest in the queue. Resolves when nothing is open. */
  async stop(): Promise<void> {
    this.#listeners.close() // First, so that nothing enters a queue that no longer drains.
    const servers = new Set(this.#generation.qmqpServers.values())
    await Promise.all([...servers].map((server) => server.drain()))
    await this.#queueManager.drain()
    this.#sessions.closeAll()
    await this.#parts.store.close()
  }

  #listen(generation: Generation): Promise<void> {
    const { services, queueDirectory } = generation.configuration
    const ready = this.#started.promise
    const endpoints = new Map<Endpoint, ConnectionHandler>(connectionHandlers(generation, ready))
    for (const { name } of services.filter((service) => isQueueManager(programOf(service)))) {
      const address = { path: join(queueDirectory, 'public', name), mode: 0o666 }
      endpoints.set({ service: name, address }, (socket) => this.#readTrigger(socket))
    }
    return this.#listeners.update(endpoints)
  }

  /** S-36: one read; each byte is a request, and there is no reply. */
  #readTrigger(socket: Socket): void {
    socket.on('error', () => undefined) // Nothing was asked for, then.
    socket.setTimeout(10_000, () => socket.destroy())
    socket.once('data', (requests: Buffer) => {
      socket.destroy()
      const bytes = requests.subarray(0, MAX_TRIGGER_BYTES)
      void this.#started.promise.then(() => this.#queueManager.trigger(Buffer.from(bytes)))
    })
    socket.resume()
  }

  /** What is in flight ends first: one message may not have two queue managers. */
  async #replaceQueueManager(configuration: Configuration): Promise<void> {
    await this.#queueManager.drain()
    this.#queueManager = this.#buildQueueManager(configuration)
    await this.#queueManager.start()
  }

  #buildQueueManager(configuration: Configuration): QueueManager {
    const { config, services } = configuration
    const log = programLog(configuration, 'qmgr', this.#mailLog)
    const options = queueManagerOptions(config, services, (text) => log.warning(text))
    const smtpLog = this.#mailLog.logger('smtp')
    return new QueueManager(options, {
      store: this.#parts.store,
      resolve: (sender, recipient) => this.#generation.resolve(sender, recipient),
      agents: (transport) => this.#generation.agents.get(transport),
      deliveryLog: (transport) => this.#generation.agentLogs.get(transport) ?? smtpLog,
      errorLog: programLog(configuration, 'error', this.#mailLog),
      log,
      clock,
    })
  }
}

function isQueueManager(program: string): boolean {
  return program === 'qmgr' || program === 'oqmgr'
}

/** What the queue manager reads once, in a form that can be compared. */
function schedulingOf({ config, services }: Configuration): unknown {
  const { transport, ...options } = queueManagerOptions(config, services, () => undefined)
  return { ...options, transports: transportNames(services).map(transport) }
}
