import {
  type Config,
  type MasterService,
  type TransportParameters,
  transportParameters,
} from '@posthouse/config'
import type { Logger } from '@posthouse/mail-log'
import { programOf } from '@posthouse/master'
import type { QueueManagerOptions, TransportSettings } from '@posthouse/queue-manager'
import { type Feedback, parseFeedback } from '@posthouse/scheduler'

// SMTP clients give up at `daemon_timeout` by themselves, and say then what became of recipients.
const FINAL_WORD_MS = 10_000

// No service is called so, and no parameter is for it.
const NAMELESS = ''

const QUEUE_MANAGERS = ['qmgr', 'oqmgr', 'nqmgr']

/** qmgr(8). Transports are services of master.cf; their process limits count as deliveries. */
export function queueManagerOptions(
  config: Config,
  services: readonly MasterService[],
  log: Pick<Logger, 'info' | 'warning'>,
  configOf: (service: MasterService) => Config,
): QueueManagerOptions {
  const softBounce = transportsOf(services).filter((service) => configOf(service).soft_bounce)
  return {
    scheduling: queueManagerProgram(services) === 'oqmgr' ? 'oqmgr' : 'qmgr',
    messageActiveLimit: config.qmgr_message_active_limit,
    messageRecipientLimit: config.qmgr_message_recipient_limit,
    messageRecipientMinimum: config.qmgr_message_recipient_minimum,
    fudgeFactor: config.qmgr_fudge_factor,
    pendingProbeLimit: config.address_verify_pending_request_limit,
    helpfulWarnings: config.helpful_warnings,
    clogWarnMs: config.qmgr_clog_warn_time,
    feedbackDebug: config.destination_concurrency_feedback_debug,
    inflowTokens: config.default_process_limit,
    minimalBackoffMs: config.minimal_backoff_time,
    maximalBackoffMs: config.maximal_backoff_time,
    maximalQueueLifetimeMs: config.maximal_queue_lifetime,
    bounceQueueLifetimeMs: config.bounce_queue_lifetime,
    queueRunDelayMs: config.queue_run_delay,
    transportRetryMs: config.transport_retry_time,
    daemonTimeoutMs: config.daemon_timeout + FINAL_WORD_MS,
    deferTransports: config.defer_transports,
    defaultFilterNexthop: config.default_filter_nexthop,
    hostname: config.myhostname,
    recipientDelimiter: config.recipient_delimiter,
    delayLoggingResolutionLimit: config.delay_logging_resolution_limit,
    infoLogAddressFormat: config.info_log_address_format === 'internal' ? 'internal' : 'external',
    bounceLogCompatibility: config.backwards_bounce_logfile_compatibility,
    softBounceTransports: new Set(softBounce.map(({ name }) => name)),
    confirmDelayCleared: config.confirm_delay_cleared,
    disableVerpBounces: config.disable_verp_bounces,
    doubleBounceSender: config.double_bounce_sender,
    smtputf8: config.smtputf8_enable,
    transport: (name) => transportSettings(config, services, name, log),
  }
}

function transportSettings(
  config: Config,
  services: readonly MasterService[],
  name: string,
  log: Pick<Logger, 'info' | 'warning'>,
): TransportSettings {
  const service = services.find((service) => service.name === name && service.type !== 'inet')
  // What main.cf has for transports that there are not is unused, and was not checked at the start.
  const own = transportParameters(config, service === undefined ? NAMELESS : name)
  const feedback = (sign: 'positive' | 'negative') => feedbackOf(config, name, own, sign, log)
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

/** One kind of feedback of a transport (S-73, S-76). */
function feedbackOf(
  config: Config,
  transport: string,
  own: TransportParameters,
  sign: 'positive' | 'negative',
  log: Pick<Logger, 'info' | 'warning'>,
): Feedback {
  const suffix = `destination_concurrency_${sign}_feedback` as const
  const value = own[suffix]
  // Postfix names the parameter that the value comes from, and goes by the value.
  const parameter = `${value === config[`default_${suffix}`] ? 'default' : transport}_${suffix}`
  const parsed = parseFeedback(value)
  if (parsed === undefined) {
    log.warning(`${parameter}: ignoring malformed or unreasonable feedback: ${value}`)
  }
  const feedback = parsed ?? { base: 1, dividedByWindow: false }
  if (config.destination_concurrency_feedback_debug) {
    const { initial_destination_concurrency: initial } = own
    const atInitial = feedback.dividedByWindow ? feedback.base / initial : feedback.base
    const type = feedback.dividedByWindow ? 1 : 0
    const what = `${parameter} feedback type ${type} value at ${initial}`
    log.info(`${transport}: ${what}: ${Number(atInitial.toPrecision(6))}`)
  }
  return feedback
}

/** The program of master.cf that is the queue manager: `qmgr`, `oqmgr`, or the old name `nqmgr`. */
export function queueManagerProgram(services: readonly MasterService[]): string {
  return services.map(programOf).find((program) => QUEUE_MANAGERS.includes(program)) ?? 'qmgr'
}

/** What there is to say of a name that qmgr(8) had before Postfix 2.4 (S-5). */
export function queueManagerWarnings(program: string, configDirectory: string): string[] {
  if (program !== 'nqmgr') return []
  return [
    `please update the ${configDirectory}/master.cf file; the new queue manager`,
    '(old name: nqmgr) has become the standard queue manager (new name: qmgr)',
    'support for the name old name (nqmgr) will be removed from Postfix',
  ]
}

/** Services that can be transports: those that others reach by name. */
export function transportNames(services: readonly MasterService[]): string[] {
  return transportsOf(services).map(({ name }) => name)
}

function transportsOf(services: readonly MasterService[]): MasterService[] {
  return services.filter(({ type }) => type === 'unix')
}
