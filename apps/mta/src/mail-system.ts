import type { Socket } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { rewriteAddress } from '@posthouse/address-resolver'
import { systemClock as clock } from '@posthouse/clock'
import type { MasterService } from '@posthouse/config'
import { ConnectionCache } from '@posthouse/connection-cache'
import type { MailLog } from '@posthouse/mail-log'
import { type ConnectionHandler, type Endpoint, Listeners, programOf } from '@posthouse/master'
import { Pickup } from '@posthouse/pickup'
import {
  type NoticeRequest,
  QueueManager,
  type Resolution,
  type ResolveRequest,
} from '@posthouse/queue-manager'
import { nodeFileSystem, QueueStore } from '@posthouse/queue-store'
import type { SmtpSession } from '@posthouse/smtp-client'

import { serveFlushClient } from './flush-service.ts'
import { Generation } from './generation.ts'
import { handOver } from './hand-over.ts'
import type { InternalMessage } from './internal-mail.ts'
import { keptFiles } from './kept-files.ts'
import { type Configuration, configOfProgram } from './load-configuration.ts'
import { OpenFileWatch } from './open-files.ts'
import { clientLimit } from './options/client-limit.ts'
import {
  queueManagerOptions,
  queueManagerProgram,
  queueManagerWarnings,
  transportNames,
} from './options/queue-manager-options.ts'
import { rewriteRules } from './options/resolver-options.ts'
import { programLog } from './service-log.ts'
import type { SharedParts } from './shared-parts.ts'
import { serveShowq } from './showq.ts'
import { systemResolver } from './system-resolver.ts'
import { Turns } from './turns.ts'

// What is kept in memory beyond what Postfix has parameters for.
const CONTENT_CACHE_BYTES = 64 * 1024 * 1024
const MAX_SESSIONS = 200
const MAX_TRIGGER_BYTES = 1024
const TABLE_CHECK_MS = 10_000 // G-52.
const RESOLV_CONF = '/etc/resolv.conf'

/** The relay: joins the parts that a configuration asks for, and starts and stops them in order. */
export class MailSystem {
  readonly #mailLog: MailLog
  readonly #listeners: Listeners
  readonly #sessions: ConnectionCache<SmtpSession>
  readonly #parts: SharedParts
  readonly #configuration: Configuration
  readonly #started = Promise.withResolvers<Generation>()
  /** Generations that end: clients that they accepted are still served. */
  readonly #retiring = new Set<Generation>()
  #generation: Generation | undefined
  #queueManager: QueueManager
  #scheduling: unknown
  /** Another queue manager ends what it delivers: one at a time. */
  #handOver: Promise<void> | undefined
  #changes: Promise<unknown> = Promise.resolve()
  #stopping = false
  /** Undefined before the start. */
  #pickup: Pickup | undefined
  #cancelTableCheck: (() => void) | undefined
  #complaint = ''
  readonly #openFiles: OpenFileWatch
  /** Clients that list the queue, and those that have mail tried. */
  readonly #lookers: Turns<Socket>
  readonly #flushers: Turns<Socket>

  private constructor(configuration: Configuration, mailLog: MailLog, store: QueueStore) {
    const maxTtlMs = configuration.config.connection_cache_ttl_limit
    this.#mailLog = mailLog
    this.#listeners = new Listeners(mailLog.logger('master'))
    this.#openFiles = new OpenFileWatch(mailLog.logger('master'))
    this.#lookers = new Turns('showq', mailLog.logger('master'))
    this.#flushers = new Turns('flush', mailLog.logger('master'))
    this.#sessions = new ConnectionCache({ maxSessions: MAX_SESSIONS, maxTtlMs }, clock)
    this.#parts = {
      mailLog,
      store,
      sessions: this.#sessions,
      files: keptFiles(configuration, mailLog.logger('master')),
      dns: systemResolver(RESOLV_CONF, mailLog.logger('smtp')),
      queued: (envelope, isOneOfMany) => {
        this.#queueManager.accept(envelope, 'active', isOneOfMany)
      },
      queueInternal: (message) => this.#queueInternal(message),
      inflow: () => this.#queueManager.inflow,
    }
    this.#configuration = configuration
    this.#queueManager = this.#buildQueueManager(configuration)
    this.#scheduling = schedulingOf(configuration)
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
    await system.#listen(configuration, system.#started.promise)
    return system
  }

  /** What is in force. */
  get configuration(): Configuration {
    return this.#generation?.configuration ?? this.#configuration
  }

  /**
   * Opens tables, takes back the mail of the last run, then serves.
   *
   * @throws {ConfigError} as a rejection: a list or table cannot be used.
   */
  async start(): Promise<void> {
    const generation = new Generation(this.#configuration, this.#parts)
    this.#generation = generation
    const unfinished = await this.#parts.store.removeUnfinished()
    if (unfinished > 0) {
      const text = `removed ${unfinished} queue files that the last run left unfinished`
      this.#mailLog.logger('master').info(text)
    }
    await this.#queueManager.start() // First, so that mail left from the last run goes ahead.
    this.#started.resolve(generation)
    this.#pickup = this.#buildPickup()
    this.#lookForMail()
    this.#checkTablesLater()
  }

  /**
   * Changes over to a new configuration. Sessions and deliveries that are under way end with the
   * old one. Changes come one after the other; none after `stop`.
   *
   * @throws {ConfigError} A list or table cannot be used; all stays as it was.
   * @throws {MasterError} A new socket cannot be opened; all stays as it was.
   */
  reload(configuration: Configuration): Promise<void> {
    this.#parts.dns.forget() // Who mends a zone need not wait for its old TTL.
    return this.#inTurn(() => this.#changeTo(configuration))
  }

  /** Ends what is under way and keeps the rest in the queue. Resolves when nothing is open. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#cancelTableCheck?.()
    this.#listeners.close() // First, so that nothing enters a queue that no longer drains.
    await this.#changes
    this.#listeners.close() // Of a reload that was under way.
    await this.#pickup?.close()
    const generations = [...this.#retiring, ...(this.#generation ? [this.#generation] : [])]
    await Promise.all(generations.map((generation) => generation.drain()))
    await Promise.all([this.#queueManager.drain(), this.#handOver])
    await this.#queueManager.drain() // Of what it was handed last.
    this.#sessions.closeAll()
    await this.#parts.store.close()
  }

  /** Runs `change` after those before it; not at all if the system stops. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const result = this.#changes.then(() => (this.#stopping ? undefined : change()))
    this.#changes = result.catch(() => undefined) // The caller's, not that of the next change.
    return result
  }

  async #changeTo(configuration: Configuration): Promise<void> {
    const old = await this.#started.promise
    const next = new Generation(configuration, this.#parts)
    try {
      await this.#listen(configuration, Promise.resolve(next))
    } catch (error) {
      void next.retire()
      throw error
    }
    const before = this.#generation ?? old
    this.#generation = next
    this.#renewQueueManager()
    this.#lookForMail()
    this.#retiring.add(before)
    void before.retire().then(() => this.#retiring.delete(before))
  }

  /** G-52: Postfix's programs look now and then, and end; the next one opens the table again. */
  #checkTablesLater(): void {
    this.#cancelTableCheck = clock.after(TABLE_CHECK_MS, () => {
      this.#openFiles.check()
      void this.#inTurn(() => this.#refreshTables()).then(() => {
        if (!this.#stopping) this.#checkTablesLater()
      })
    })
  }

  async #refreshTables(): Promise<void> {
    const generation = this.#generation
    const changed = generation?.changedTable()
    if (generation === undefined || changed === undefined) return
    const log = changed.log ?? this.#mailLog.logger('master')
    try {
      await this.#changeTo(generation.configuration)
      log.info(`${changed.what} has changed -- restarting`)
      this.#complaint = ''
    } catch (error) {
      // Until it can be opened, the table goes on with what it has. Said once.
      const complaint = error instanceof Error ? error.message : String(error)
      if (complaint !== this.#complaint) log.error(complaint)
      this.#complaint = complaint
    }
  }

  #listen(configuration: Configuration, ready: Promise<Generation>): Promise<void> {
    const handlers = new Map<Endpoint, ConnectionHandler>()
    for (const [service, endpoints] of configuration.endpoints) {
      for (const endpoint of endpoints) {
        handlers.set(endpoint, this.#handler(service, ready))
      }
    }
    return this.#listeners.update(handlers)
  }

  #handler(service: MasterService, ready: Promise<Generation>): ConnectionHandler {
    switch (programOf(service)) {
      case 'qmqpd':
        return handOver(service, ready)
      case 'showq':
        return (socket) => this.#showQueue(socket, service)
      case 'flush':
        return (socket) => this.#flush(socket, service)
      case 'pickup':
        return (socket) => this.#readTrigger(socket, () => this.#pickup?.trigger())
      default:
        return (socket) => this.#readTrigger(socket, (bytes) => this.#queueManager.trigger(bytes))
    }
  }

  #showQueue(socket: Socket, service: MasterService): void {
    const { configuration } = this
    const log = programLog(configuration, 'showq', this.#mailLog)
    const limit = clientLimit(configuration, service)
    this.#lookers.take(socket, limit, () => serveShowq(socket, configuration, log))
  }

  #flush(socket: Socket, service: MasterService): void {
    const { configuration } = this
    const log = programLog(configuration, 'flush', this.#mailLog)
    const trigger = (bytes: Uint8Array): void => this.#queueManager.trigger(bytes)
    const limit = clientLimit(configuration, service)
    this.#flushers.take(socket, limit, () => serveFlushClient(socket, configuration, log, trigger))
  }

  /** S-36: one read; each byte is a request, and there is no reply. */
  #readTrigger(socket: Socket, act: (requests: Buffer) => unknown): void {
    socket.on('error', () => undefined) // Nothing was asked for, then.
    socket.setTimeout(10_000, () => socket.destroy())
    socket.once('data', (requests: Buffer) => {
      socket.destroy()
      const bytes = requests.subarray(0, MAX_TRIGGER_BYTES)
      void this.#started.promise.then(() => act(Buffer.from(bytes)))
    })
    socket.resume()
  }

  /** As often as the configuration in force says. */
  #lookForMail(): void {
    const { services } = this.configuration
    if (services.some((service) => programOf(service) === 'pickup')) void this.#pickup?.start()
  }

  #buildPickup(): Pickup {
    const { queueDirectory } = this.#configuration
    const ownerId = process.getuid?.() ?? 0
    const wakeupMs = () => {
      const { services } = this.configuration
      const service = services.find((service) => programOf(service) === 'pickup')
      return (service?.wakeup.seconds ?? 0) * 1000
    }
    return new Pickup(
      { queueDirectory, ownerId, wakeupMs },
      {
        files: nodeFileSystem(() => clock.now()),
        clock,
        log: programLog(this.#configuration, 'pickup', this.#mailLog),
        open: async (submitter) => {
          const generation = this.#generation ?? (await this.#started.promise)
          return generation.openSubmission(submitter)
        },
      },
    )
  }

  /** Has the queue manager follow the configuration in force, as far as it reads it once. */
  #renewQueueManager(): void {
    const { configuration } = this
    const scheduling = schedulingOf(configuration)
    if (this.#handOver !== undefined || this.#stopping) return
    if (isDeepStrictEqual(scheduling, this.#scheduling)) return
    this.#scheduling = scheduling
    const old = this.#queueManager
    this.#queueManager = this.#buildQueueManager(configuration)
    // If that fails, nothing delivers mail: better that the process ends, and is started again.
    this.#handOver = old.handOverTo(this.#queueManager).then(() => {
      this.#handOver = undefined
      this.#renewQueueManager() // There may have been another reload meanwhile.
    })
  }

  /** Asks the generation of the moment, and the next one if that comes before the answer. */
  #resolve(
    sender: string,
    recipient: string,
    request: ResolveRequest,
    isWanted: () => boolean,
  ): Resolution | Promise<Resolution> {
    const answer = isWanted() ? this.#generation?.resolve(sender, recipient, request) : FAILED
    if (!(answer instanceof Promise)) return answer ?? FAILED
    return answer.then((late) => late ?? this.#resolve(sender, recipient, request, isWanted))
  }

  async #queueInternal(message: InternalMessage): Promise<string> {
    if (this.#generation === undefined) throw new Error('not started')
    return this.#generation.queueInternal(message)
  }

  async #sendNotice(request: NoticeRequest): Promise<void> {
    if (this.#generation === undefined) throw new Error('not started')
    await this.#generation.sendNotice(request)
  }

  #buildQueueManager(configuration: Configuration): QueueManager {
    const { directory, services, configOf } = configuration
    const program = queueManagerProgram(services)
    const config = configOfProgram(configuration, program)
    const log = programLog(configuration, program, this.#mailLog)
    for (const text of queueManagerWarnings(program, directory)) log.warning(text)
    const options = queueManagerOptions(config, services, log, configOf)
    const smtpLog = this.#mailLog.logger('smtp')
    // One that ends does not care any more: mail that it has not tried is the next one's.
    const isInForce = () => queueManager === this.#queueManager
    const queueManager: QueueManager = new QueueManager(options, {
      store: this.#parts.store,
      resolve: (sender, recipient, request) => this.#resolve(sender, recipient, request, isInForce),
      rewrite: (address) => {
        const current = configOfProgram(this.configuration, 'trivial-rewrite')
        return rewriteAddress(address, rewriteRules(current))
      },
      agents: (transport) => this.#generation?.agents.get(transport),
      deliveryLog: (transport) => this.#generation?.agentLogs.get(transport) ?? smtpLog,
      notices: {
        has: (service) => this.#generation?.hasNoticeService(service) ?? false,
        send: (request) => this.#sendNotice(request),
      },
      log,
      clock,
    })
    return queueManager
  }
}

const SILENT = { info: () => undefined, warning: () => undefined }
const FAILED: Resolution = { kind: 'temporary-failure' }

/** What the queue manager reads once, in a form that can be compared. */
function schedulingOf(configuration: Configuration): unknown {
  const { services, configOf } = configuration
  const config = configOfProgram(configuration, queueManagerProgram(services))
  const read = queueManagerOptions(config, services, SILENT, configOf)
  const { transport, ...options } = read
  // In a map, since the order of lines in master.cf means nothing.
  const transports = new Map(transportNames(services).map((name) => [name, transport(name)]))
  return { ...options, transports }
}
