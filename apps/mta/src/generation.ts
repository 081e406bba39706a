import { type CleanupTransaction, qmqpReply } from '@posthouse/cleanup'
import { systemClock as clock } from '@posthouse/clock'
import type { MasterService } from '@posthouse/config'
import type { Logger } from '@posthouse/mail-log'
import { programOf } from '@posthouse/master'
import { type MailServer, MxLookup, type Nexthop, TlsaLookup } from '@posthouse/mx-lookup'
import type { PickupTransaction, Submitter } from '@posthouse/pickup'
import { createQmqpServer, type QmqpServer } from '@posthouse/qmqp-server'
import type {
  DeliveryAgent,
  NoticeRequest,
  Resolution,
  ResolveRequest,
} from '@posthouse/queue-manager'
import type { StatusLogKind } from '@posthouse/queue-store'
import { SmtpClient } from '@posthouse/smtp-client'

import { admission } from './admission.ts'
import { type Cleanups, cleanupBuilder } from './cleanup-builder.ts'
import { clientNames } from './client-names.ts'
import { type ClientService, clientServices } from './client-services.ts'
import { FreeSpace } from './free-space.ts'
import type { InternalMessage, QueueInternal } from './internal-mail.ts'
import { type Configuration, configOfProgram } from './load-configuration.ts'
import { clientMatcher, debugLevel } from './match-lists.ts'
import { buildNotices, internalQueue, noticeService } from './notice-services.ts'
import type { Notices } from './notices.ts'
import { cleanupOverrides } from './options/cleanup-options.ts'
import { mxLookupOptions } from './options/mx-lookup-options.ts'
import { qmqpServerOptions } from './options/qmqp-server-options.ts'
import { smtpClientOptions } from './options/smtp-client-options.ts'
import { reasonAgents } from './reason-agents.ts'
import { openResolver, type Resolve } from './resolver.ts'
import { programLog, serviceLog } from './service-log.ts'
import { sessionNotifier } from './session-notices.ts'
import type { SharedParts } from './shared-parts.ts'
import { smtpAgent } from './smtp-agent.ts'
import { type OpenSubmission, submissionOpener } from './submissions.ts'
import { Tables } from './tables.ts'

// So many messages that are received side by side keep the disk and the main thread busy.
const MANY_MESSAGES = 4

/** The parts that one reading of the configuration makes; a reload makes the next generation. */
export class Generation {
  readonly configuration: Configuration
  readonly qmqpServers: ReadonlyMap<MasterService, QmqpServer>
  readonly agents: ReadonlyMap<string, DeliveryAgent>
  /** The log of each agent: its lines may have a tag of their own (`-o syslog_name=`). */
  readonly agentLogs: ReadonlyMap<string, Logger>
  readonly #tables: Tables
  readonly #resolve: Resolve
  readonly #openSubmission: OpenSubmission
  readonly #notices: Notices
  readonly #queueInternal: QueueInternal
  /** Gives up an answer that is not there yet. */
  readonly #giveUp = new Set<() => void>()
  readonly #lookups = new Set<Promise<unknown>>()

  /** Opens the tables. @throws {ConfigError} One of them, or a list, cannot be used. */
  constructor(configuration: Configuration, parts: SharedParts) {
    this.configuration = configuration
    this.#tables = new Tables(parts.files.read)
    try {
      const resolverLog = programLog(configuration, 'trivial-rewrite', parts.mailLog)
      this.#resolve = openResolver(configuration, resolverLog, this.#tables, (name) =>
        this.agents.has(name),
      )
      const cleanups = cleanupBuilder(configuration, parts, this.#tables)
      this.#queueInternal = internalQueue(parts, cleanups)
      this.#notices = buildNotices(configuration, parts, this.#queueInternal)
      this.qmqpServers = buildQmqpServers(configuration, parts, this.#tables, cleanups)
      this.#openSubmission = submissionOpener(configuration, {
        ...{ ...parts, cleanups },
        notices: this.#notices,
      })
      const { mailLog } = parts
      const { services } = configuration
      const smtpAgents = buildSmtpAgents(configuration, parts, this.#tables)
      this.agents = new Map([...smtpAgents, ...reasonAgents(services, clock)])
      const transports = services.filter(({ name }) => this.agents.has(name))
      this.agentLogs = new Map(
        transports.map((service) => [service.name, serviceLog(configuration, service, mailLog)]),
      )
    } catch (error) {
      this.#tables.close()
      throw error
    }
  }

  /**
   * Where mail goes. Later undefined if that was given up: the next generation is to be asked.
   */
  resolve(
    sender: string,
    recipient: string,
    request: ResolveRequest,
  ): Resolution | Promise<Resolution | undefined> {
    const answer = this.#resolve(sender, recipient, request)
    if (!(answer instanceof Promise)) return answer
    this.#lookups.add(answer)
    return new Promise<Resolution | undefined>((resolve, reject) => {
      const giveUp = () => resolve(undefined)
      this.#giveUp.add(giveUp)
      const forget = () => {
        this.#giveUp.delete(giveUp)
        this.#lookups.delete(answer)
      }
      answer.then(resolve, reject).finally(forget)
    })
  }

  /** Takes a message that was handed in on this machine. The tables stay open until it is in. */
  async openSubmission(submitter: Submitter): Promise<PickupTransaction> {
    const { id, submit } = await this.#openSubmission(submitter)
    const end = Promise.withResolvers<void>()
    this.#lookups.add(end.promise)
    return {
      id,
      submit: (message) =>
        submit(message).finally(() => {
          this.#lookups.delete(end.promise)
          end.resolve()
        }),
    }
  }

  /** Whether master.cf has a service of this name (S-91). */
  hasNoticeService(name: StatusLogKind): boolean {
    return noticeService(this.configuration, name) !== undefined
  }

  /** As `NoticeService` of the queue manager. The tables stay open until it is done. */
  sendNotice(request: NoticeRequest): Promise<void> {
    const sending = this.#notices.send(request)
    this.#lookups.add(sending)
    return sending.finally(() => this.#lookups.delete(sending))
  }

  /** As `queueInternalMail`. The tables stay open until it is done. */
  queueInternal(message: InternalMessage): Promise<string> {
    const queueing = this.#queueInternal(message)
    this.#lookups.add(queueing)
    return queueing.finally(() => this.#lookups.delete(queueing))
  }

  /** What has changed in the tables, if anything has (G-52): only a new generation sees it. */
  changedTable(): ReturnType<Tables['changed']> {
    return this.#tables.changed()
  }

  /** Answers that are not there yet will be undefined now. */
  giveUpLookups(): void {
    for (const giveUp of this.#giveUp) giveUp()
  }

  /**
   * The next generation has taken over. Resolves when clients that were accepted have been served
   * and tables are closed, which a silent client can hold up for `qmqpd_timeout`.
   */
  async retire(): Promise<void> {
    this.giveUpLookups()
    await Promise.all([...this.qmqpServers.values()].map((server) => server.retire()))
    await Promise.allSettled(this.#lookups) // Closed now, they would log that they failed.
    this.#tables.close()
  }

  /** Ends its sessions; clients that wait for their turn are turned away. */
  async drain(): Promise<void> {
    await Promise.all([...this.qmqpServers.values()].map((server) => server.drain()))
  }
}

function servicesOf({ services }: Configuration, program: string): MasterService[] {
  return services.filter((service) => programOf(service) === program)
}

function buildSmtpAgents(
  configuration: Configuration,
  parts: SharedParts,
  tables: Tables,
): Map<string, DeliveryAgent> {
  const services = clientServices(configuration)
  const clients = new Map(
    services.map((client) => [
      client.service.name,
      buildSmtpClient(configuration, client, parts, tables),
    ]),
  )
  return new Map(
    services.map(({ service, config, protocol }) => {
      const log = serviceLog(configuration, service, parts.mailLog)
      const user = { config, log }
      const { best_mx_transport: bestMx } = config
      const [, transport = '', nexthop = ''] = /^([^:]*):?(.*)$/.exec(bestMx) ?? []
      const agent = smtpAgent({
        client: clients.get(service.name)!,
        store: parts.store,
        bestMxTransport:
          transport === ''
            ? undefined
            : { transport, nexthop, client: () => clients.get(transport) },
        notify: sessionNotifier(user, protocol === 'lmtp' ? 'LMTP' : 'SMTP', parts.queueInternal),
        log,
      })
      return [service.name, agent]
    }),
  )
}

function buildSmtpClient(
  configuration: Configuration,
  client: ClientService,
  { mailLog, dns, sessions, files }: SharedParts,
  tables: Tables,
): SmtpClient {
  const { own, queueDirectory } = configuration
  const log = serviceLog(configuration, client.service, mailLog)
  const user = { ...client, log }
  // LMTP may well lead to this host: nothing loops there.
  const ownAddresses = client.protocol === 'lmtp' ? [] : own.withProxies
  const ports = { ...dns, random: Math.random, log }
  const lookups = mxLookupOptions(user, ownAddresses, tables)
  const mx = new MxLookup(lookups, ports)
  const tlsaOptions = {
    ...lookups,
    dnssecProbe: undefined, // Looking for the server has probed.
    forceInsecureHosts: client.config.smtp_tls_force_insecure_host_tlsa_lookup,
  }
  const tlsaLookup = new TlsaLookup(dns.resolver, tlsaOptions, log)
  const places = { queueDirectory, ownAddresses: own.addresses }
  const options = smtpClientOptions(user, tables, places, files.read)
  const lookup = (nexthop: Nexthop) => mx.lookup(nexthop)
  const tlsa = (server: MailServer) => tlsaLookup.lookup(server)
  return new SmtpClient(options, { lookup, tlsa, cache: sessions, clock, log })
}

function buildQmqpServers(
  configuration: Configuration,
  parts: SharedParts,
  tables: Tables,
  cleanups: Cleanups,
): Map<MasterService, QmqpServer> {
  return new Map(
    servicesOf(configuration, 'qmqpd').map((service) => [
      service,
      buildQmqpServer(configuration, service, cleanups, parts, tables),
    ]),
  )
}

function buildQmqpServer(
  configuration: Configuration,
  service: MasterService,
  cleanups: Cleanups,
  { mailLog, store, queued, inflow }: SharedParts,
  tables: Tables,
): QmqpServer {
  const config = configuration.configOf(service)
  const log = serviceLog(configuration, service, mailLog)
  const cleanup = cleanups.for(config, 'qmqpd')
  const overrides = cleanupOverrides(config)
  const { in_flow_delay: inFlowDelayMs } = configOfProgram(configuration, 'cleanup')
  const space = new FreeSpace({
    directory: configuration.queueDirectory,
    minFreeBytes: config.queue_minfree,
    messageSizeLimit: config.message_size_limit,
    clock,
    log,
  })
  let receiving = 0
  return createQmqpServer<CleanupTransaction>({
    ...qmqpServerOptions({ config, log }, service, servicesOf(configuration, 'qmqpd').length),
    authorize: clientMatcher('qmqpd_authorized_clients', { config, log }, tables),
    debugLevel: debugLevel({ config, log }, tables),
    lookupName: clientNames(log),
    unavailable: () => space.refusal(store),
    open: async (client) => {
      const waiting = admission(inflow(), inFlowDelayMs)
      if (waiting !== undefined) await waiting
      const transaction = await cleanup.open(client, overrides)
      receiving += 1
      return transaction
    },
    onMessage: async (message, transaction) => {
      if (transaction === undefined) throw new TypeError('expected a transaction')
      try {
        const result = await transaction.submit(message)
        if (result.kind === 'queued') queued(result.envelope, receiving > MANY_MESSAGES)
        if (result.kind === 'held') inflow().giveBack()
        return qmqpReply(result)
      } finally {
        receiving -= 1
      }
    },
    onAbort: (transaction) => {
      receiving -= 1
      transaction.abort().catch((error) => log.warning(`${transaction.id}: ${error}`))
    },
    clock,
    log,
  })
}
