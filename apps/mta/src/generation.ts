import type { Socket } from 'node:net'
import { AddressResolver, rewriteAddress } from '@posthouse/address-resolver'
import { Cleanup, type CleanupTransaction, localZoneNames, qmqpReply } from '@posthouse/cleanup'
import { systemClock as clock } from '@posthouse/clock'
import type { MasterService } from '@posthouse/config'
import { ClientList } from '@posthouse/lookup-table'
import type { Logger, MailLog } from '@posthouse/mail-log'
import { type Endpoint, programOf } from '@posthouse/master'
import { MxLookup, type Nexthop } from '@posthouse/mx-lookup'
import { createQmqpServer, type QmqpServer } from '@posthouse/qmqp-server'
import type { DeliveryAgent, Resolution } from '@posthouse/queue-manager'
import type { MessageEnvelope, QueueStore } from '@posthouse/queue-store'
import { type SessionCache, SmtpClient } from '@posthouse/smtp-client'

import { clientNames } from './client-names.ts'
import { inetEndpoints } from './endpoints.ts'
import type { Configuration } from './load-configuration.ts'
import { subdomainStyle } from './match-list-style.ts'
import { cleanupOptions } from './options/cleanup-options.ts'
import { mxLookupOptions } from './options/mx-lookup-options.ts'
import { qmqpServerOptions } from './options/qmqp-server-options.ts'
import { resolverOptions, rewriteRules } from './options/resolver-options.ts'
import { smtpClientOptions } from './options/smtp-client-options.ts'
import { programLog, serviceLog } from './service-log.ts'
import { smtpAgent } from './smtp-agent.ts'
import type { SystemResolver } from './system-resolver.ts'

/** What outlives a reload. */
export interface SharedParts {
  readonly mailLog: MailLog
  readonly store: QueueStore
  readonly sessions: SessionCache
  readonly dns: SystemResolver
  /** Told of each message that cleanup has queued, and whether it is one of many. */
  readonly queued: (envelope: MessageEnvelope, isOneOfMany: boolean) => void
}

// So many messages that are received side by side keep the disk and the main thread busy.
const MANY_MESSAGES = 4

/** The parts that one reading of the configuration makes; a reload makes the next generation. */
export interface Generation {
  readonly configuration: Configuration
  readonly qmqpServers: ReadonlyMap<Endpoint, QmqpServer>
  readonly resolve: (sender: string, recipient: string) => Resolution | Promise<Resolution>
  readonly agents: ReadonlyMap<string, DeliveryAgent>
  /** The log of each agent: its lines may have a tag of their own (`-o syslog_name=`). */
  readonly agentLogs: ReadonlyMap<string, Logger>
}

export function buildGeneration(configuration: Configuration, parts: SharedParts): Generation {
  const { config, own, services } = configuration
  const smtpServices = services.filter((service) => programOf(service) === 'smtp')
  const log = programLog(configuration, 'trivial-rewrite', parts.mailLog)
  const resolver = new AddressResolver(resolverOptions(config, own.addresses), log)
  return {
    configuration,
    qmqpServers: buildQmqpServers(configuration, parts),
    resolve: (sender, recipient) => resolver.resolve(sender, recipient),
    agents: new Map(
      smtpServices.map((service) => [service.name, buildSmtpAgent(configuration, service, parts)]),
    ),
    agentLogs: new Map(
      smtpServices.map((service) => [
        service.name,
        serviceLog(configuration, service, parts.mailLog),
      ]),
    ),
  }
}

function buildSmtpAgent(
  configuration: Configuration,
  service: MasterService,
  { mailLog, dns, sessions, store }: SharedParts,
): DeliveryAgent {
  const config = configuration.configOf(service)
  const log = serviceLog(configuration, service, mailLog)
  const mx = new MxLookup(mxLookupOptions(config, configuration.own.addresses), {
    ...dns,
    random: Math.random,
    clock,
    log,
  })
  const options = smtpClientOptions(config, service.name)
  const ports = { lookup: (nexthop: Nexthop) => mx.lookup(nexthop), cache: sessions, clock, log }
  return smtpAgent(new SmtpClient(options, ports), store)
}

function buildQmqpServers(
  configuration: Configuration,
  parts: SharedParts,
): Map<Endpoint, QmqpServer> {
  const { own, families, services } = configuration
  const servers = new Map<Endpoint, QmqpServer>()
  const cleanup = buildCleanup(configuration, parts)
  for (const service of services.filter((service) => programOf(service) === 'qmqpd')) {
    const server = buildQmqpServer(configuration, service, cleanup, parts)
    const config = configuration.configOf(service)
    for (const endpoint of inetEndpoints(service, config, own, families)) {
      servers.set(endpoint, server)
    }
  }
  return servers
}

function buildCleanup(configuration: Configuration, { mailLog, store }: SharedParts): Cleanup {
  const { config, services } = configuration
  const service = services.find((service) => programOf(service) === 'cleanup')
  const own = service === undefined ? config : configuration.configOf(service)
  const rules = rewriteRules(own)
  return new Cleanup(cleanupOptions(own), {
    store,
    queue: 'active', // `queued` hands it to the queue manager.
    rewrite: (address) => rewriteAddress(address, rules),
    log: programLog(configuration, 'cleanup', mailLog),
    zoneName: localZoneNames(),
  })
}

function buildQmqpServer(
  configuration: Configuration,
  service: MasterService,
  cleanup: Cleanup,
  { mailLog, queued }: SharedParts,
): QmqpServer {
  const config = configuration.configOf(service)
  const log = serviceLog(configuration, service, mailLog)
  const name = 'qmqpd_authorized_clients'
  const text = config.settings.expanded(name)
  const clients = new ClientList(text, { name, subdomains: subdomainStyle(config, name) })
  for (const { severity, text } of clients.problems) log[severity](text)
  let receiving = 0
  return createQmqpServer<CleanupTransaction>({
    ...qmqpServerOptions(config, service),
    authorize: (client) => clients.matches(client.name, client.address),
    lookupName: clientNames(log),
    open: async (client) => {
      const transaction = await cleanup.open(client)
      receiving += 1
      return transaction
    },
    onMessage: async (message, transaction) => {
      if (transaction === undefined) throw new TypeError('expected a transaction')
      try {
        const result = await transaction.submit(message)
        if (result.kind === 'queued') queued(result.envelope, receiving > MANY_MESSAGES)
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

/** Takes connections of the endpoints for the QMQP servers, once `ready` resolves. */
export function connectionHandlers(
  { qmqpServers }: Generation,
  ready: Promise<void>,
): Map<Endpoint, (socket: Socket) => void> {
  const handlers = new Map<Endpoint, (socket: Socket) => void>()
  for (const [endpoint, server] of qmqpServers) {
    handlers.set(endpoint, (socket) => {
      socket.on('error', () => undefined) // It may leave before its turn; `close` follows.
      void ready.then(() => server.handle(socket))
    })
  }
  return handlers
}
