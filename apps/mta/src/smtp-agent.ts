import type { Logger } from '@posthouse/mail-log'
import type { DeliveryAgent, DeliveryReport, DeliveryRequest } from '@posthouse/queue-manager'
import { QueueFileError, type QueueStore } from '@posthouse/queue-store'
import type { MessageOrigin, SmtpClient, SmtpDelivery, SmtpReport } from '@posthouse/smtp-client'

import type { NotifyOfSessions } from './session-notices.ts'

/** `best_mx_transport`: who delivers mail that this host would only send to itself (C-9). */
export interface BestMxTransport {
  readonly transport: string
  /** Empty: the next hop of the request. */
  readonly nexthop: string
  /** The client of that transport, if it is one for SMTP. */
  readonly client: () => SmtpClient | undefined
}

/** What an agent for SMTP is made of. */
export interface SmtpAgentParts {
  readonly client: SmtpClient
  readonly store: QueueStore
  readonly bestMxTransport: BestMxTransport | undefined
  /** Tells the postmaster of sessions with errors. */
  readonly notify: NotifyOfSessions
  readonly log: Logger
}

/** Lets an SMTP client deliver what the queue manager hands out, with content from the store. */
export function smtpAgent(parts: SmtpAgentParts): DeliveryAgent {
  return {
    deliver: async (request) => {
      const report = await deliver(parts.client, parts, request)
      return report.looping === undefined ? report : passOn(parts, request, report)
    },
  }
}

/** What is said of a delivery, by the client and of its content. */
type AgentReport = Omit<SmtpReport, 'notices'> & Pick<DeliveryReport, 'isCorrupt'>

async function deliver(
  client: SmtpClient,
  { store, notify }: Pick<SmtpAgentParts, 'store' | 'notify'>,
  request: DeliveryRequest,
): Promise<AgentReport> {
  let isCorrupt = false
  const noteDamage = (): void => {
    isCorrupt = true
  }
  const content = () => watched(store.readContent(request.queueId, 'active', request), noteDamage)
  const report = await client.deliver(deliveryOf(request, content))
  if (report.notices === undefined && !isCorrupt) return report
  const { notices, ...others } = report
  if (notices !== undefined) await notify(request, notices)
  return isCorrupt ? { ...others, isCorrupt } : others
}

function deliveryOf(request: DeliveryRequest, content: SmtpDelivery['content']): SmtpDelivery {
  return {
    queueId: request.queueId,
    nexthop: request.nexthop,
    sender: request.sender,
    recipients: request.recipients,
    contentSize: request.contentLength,
    encoding: request.encoding,
    sendOptions: request.sendOptions,
    origin: () => originOf(request.attributes),
    arrivalTimeMs: request.arrivalTimeMs,
    waitedMs: request.activeTimeMs - request.arrivalTimeMs,
    envelopeId: request.envelopeId,
    returnContent: request.returnContent,
    isProbe: request.isProbe,
    reuse: request.reuse,
    content,
  }
}

/** What a queue file says of the client, or of those for whom the client says it speaks (F-39). */
function originOf(attributes: DeliveryRequest['attributes']): MessageOrigin {
  const get = (name: string): string => attributes.get(name) ?? ''
  const isLogged = ['log_client_name', 'log_client_address', 'log_client_port']
    .concat('log_protocol_name', 'log_helo_name')
    .some((name) => attributes.has(name))
  const prefix = isLogged ? 'log_' : ''
  return {
    name: get(`${prefix}client_name`),
    address: get(`${prefix}client_address`),
    port: get(`${prefix}client_port`),
    protocol: get(`${prefix}protocol_name`),
    helo: get(`${prefix}helo_name`),
    ident: get('log_ident'),
    isLocal: (attributes.get('rewrite_context') ?? 'local') === 'local',
  }
}

type Content = ReturnType<QueueStore['readContent']>

/** Content from memory is whole; of a file that is damaged, `noteDamage` is told. */
function watched(content: Content, noteDamage: () => void): Content {
  return Symbol.asyncIterator in content ? watchedFile(content, noteDamage) : content
}

async function* watchedFile(
  content: AsyncIterable<Uint8Array>,
  noteDamage: () => void,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* content
  } catch (error) {
    if (error instanceof QueueFileError && error.code === 'corrupt') noteDamage()
    throw error
  }
}

/** Has the other client deliver to these recipients, for their outcomes. Goes no further. */
async function passOn(
  parts: SmtpAgentParts,
  request: DeliveryRequest,
  { looping = [], ...report }: AgentReport,
): Promise<DeliveryReport> {
  const { bestMxTransport, log } = parts
  if (bestMxTransport === undefined) return report
  const { queueId } = request
  const { transport, nexthop, client } = bestMxTransport
  const recipients = looping.map((index) => request.recipients[index]!)
  for (const { address } of recipients) {
    log.info(`${queueId}: passing <${address}> to transport=${transport}`, { queueId })
  }
  const outcomes = [...report.outcomes]
  const other = client()
  if (other === undefined) {
    log.warning(`best_mx_transport: ${transport} is no smtp service of master.cf`, { queueId })
    const text = 'mail transport unavailable'
    for (const index of looping) {
      outcomes[index] = { ...outcomes[index]!, kind: 'deferred', status: '4.3.0', text }
    }
    return { ...report, outcomes }
  }
  // What was said of reuse was said of the other destination.
  const reuse = { load: false, store: false }
  const changed = { transport, nexthop: nexthop || request.nexthop, recipients, reuse }
  const passed = await deliver(other, parts, { ...request, ...changed })
  for (const [at, index] of looping.entries()) outcomes[index] = passed.outcomes[at]!
  return { ...report, outcomes, isCorrupt: passed.isCorrupt }
}
