import { type Config, type MasterService, transportParameters } from '@posthouse/config'
import { programOf } from '@posthouse/master'
import type { QueueManagerOptions, TransportSettings } from '@posthouse/queue-manager'
import { type Feedback, parseFeedback } from '@posthouse/scheduler'

/** qmgr(8). Transports are services of master.cf; their process limits count as deliveries. */
export function queueManagerOptions(
  config: Config,
  services: readonly MasterService[],
  warn: (text: string) => void,
  configOf: (service: MasterService) => Config,
): QueueManagerOptions {
  const softBounce = services.filter((service) => configOf(service).soft_bounce)
  return {
    scheduling: schedulingOf(services),
    messageActiveLimit: config.qmgr_message_active_limit,
    messageRecipientLimit: config.qmgr_message_recipient_limit,
    messageRecipientMinimum: config.qmgr_message_recipient_minimum,
    fudgeFactor: config.qmgr_fudge_factor,
    inflowTokens: config.default_process_limit,
    minimalBackoffMs: config.minimal_backoff_time,
    maximalBackoffMs: config.maximal_backoff_time,
    maximalQueueLifetimeMs: config.maximal_queue_lifetime,
    bounceQueueLifetimeMs: config.bounce_queue_lifetime,
    queueRunDelayMs: config.queue_run_delay,
    transportRetryMs: config.transport_retry_time,
    deferTransports: config.defer_transports,
    defaultFilterNexthop: config.default_filter_nexthop,
    hostname: config.myhostname,
    recipientDelimiter: config.recipient_delimiter,
    delayLoggingResolutionLimit: config.delay_logging_resolution_limit,
    infoLogAddressFormat: config.info_log_address_format === 'internal' ? 'internal' : 'external',
    bounceLogCompatibility: config.backwards_bounce_logfile_compatibility,
    softBounceTransports: new Set(softBounce.map(({ name }) => name)),
    confirmDelayCleared: config.confirm_delay_cleared,
    doubleBounceSender: config.double_bounce_sender,
    smtputf8: config.smtputf8_enable,
    transport: (name) => transportSettings(config, services, name, warn),
  }
}

function transportSettings(
  config: Config,
  services: readonly MasterService[],
  name: string,
  warn: (text: string) => void,
): TransportSettings {
  const service = services.find((service) => service.name === name && service.type !== 'inet')
  const own = transportParameters(config, name)
  const feedback = (sign: 'positive' | 'negative'): Feedback => {
    const parameter = `destination_concurrency_${sign}_feedback` as const
    const parsed = parseFeedback(own[parameter])
    if (parsed !== undefined) return parsed
    const value = own[parameter]
    warn(`${name}_${parameter}: ignoring malformed or unreasonable feedback: ${value}`)
    return { base: 1, dividedByWindow: false }
  }
  return {
    initial: own.initial_destination_concurrency,
    limit: own.destination_concurrency_limit,
    positive: feedback('positive'),
    negative: feedback('negative'),
    failedCohortLimit: own.destination_concurrency_failed_cohort_limit,
    destinationRecipientLimit: own.destination_recipient_limit,
    destinationRateDelayMs: own.destination_rate_delay,
    transportRateDelayMs: own.transport_rate_delay,
    slotCost: own.delivery_slot_cost,
    slotLoan: own.delivery_slot_loan,
    slotDiscount: own.delivery_slot_discount,
    minimumSlots: own.minimum_delivery_slots,
    recipientLimit: own.recipient_limit,
    extraRecipientLimit: own.extra_recipient_limit,
    recipientRefillLimit: own.recipient_refill_limit,
    recipientRefillDelayMs: own.recipient_refill_delay,
    processLimit: service?.processLimit ?? config.default_process_limit,
  }
}

/** The programs that may be the queue manager. */
export const QUEUE_MANAGERS: readonly string[] = ['qmgr', 'oqmgr', 'nqmgr']

/** Which of them master.cf names; the old name of qmgr(8) is understood (S-5). */
function schedulingOf(services: readonly MasterService[]): 'qmgr' | 'oqmgr' {
  const service = services.find((service) => QUEUE_MANAGERS.includes(programOf(service)))
  return service !== undefined && programOf(service) === 'oqmgr' ? 'oqmgr' : 'qmgr'
}

/** Services that can be transports: those that others reach by name. */
export function transportNames(services: readonly MasterService[]): string[] {
  return services.filter(({ type }) => type === 'unix').map(({ name }) => name)
}
