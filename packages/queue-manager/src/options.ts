import type { Logger } from '@posthouse/mail-log'
import type { PreemptiveLimits } from '@posthouse/scheduler'

/** What one transport may do; one property per `TRANSPORT_…` parameter of main.cf. */
export type TransportSettings = PreemptiveLimits

/** One property per parameter of qmgr(8), with complete values. Times are in milliseconds. */
export interface QueueManagerOptions {
  /** The command of the service in master.cf: preemptive scheduling, or round robin. */
  readonly scheduling: 'qmgr' | 'oqmgr'
  /** `qmgr_message_active_limit`: messages in memory (S-12). */
  readonly messageActiveLimit: number
  /** `qmgr_message_recipient_limit`: recipients in memory (S-12); raised to the former (S-5). */
  readonly messageRecipientLimit: number
  /** `qmgr_message_recipient_minimum`: recipients that each message may have in memory (S-60). */
  readonly messageRecipientMinimum: number
  /** `qmgr_fudge_factor`, in percent: of oqmgr(8) only (S-65). */
  readonly fudgeFactor: number
  /** `address_verify_pending_request_limit`: address probes in memory (S-24). */
  readonly pendingProbeLimit: number
  /** `helpful_warnings`: warn of destinations that clog the active queue (S-85). */
  readonly helpfulWarnings: boolean
  /** `qmgr_clog_warn_time`: between two of these warnings for a destination; 0 means none. */
  readonly clogWarnMs: number
  /** `destination_concurrency_feedback_debug`: log each change of a window (S-76). */
  readonly feedbackDebug: boolean
  /** `default_process_limit`: messages that may come in ahead of those taken in (S-14). */
  readonly inflowTokens: number
  /** `minimal_backoff_time` (S-31), also the time that a dead destination is left alone (S-79). */
  readonly minimalBackoffMs: number
  /** `maximal_backoff_time` (S-31). */
  readonly maximalBackoffMs: number
  /** `maximal_queue_lifetime` (S-32). */
  readonly maximalQueueLifetimeMs: number
  /** `bounce_queue_lifetime`, for the null sender; lowered to the former (S-5). */
  readonly bounceQueueLifetimeMs: number
  /** `queue_run_delay`: time between scans of the deferred queue (S-41), at most 2^31-1. */
  readonly queueRunDelayMs: number
  /** `transport_retry_time`: the time that a dead transport is left alone (S-80). */
  readonly transportRetryMs: number
  /** `daemon_timeout`: the time that a delivery may take, at most 2^31-1 (S-90). */
  readonly daemonTimeoutMs: number
  /** `defer_transports`: names of transports that get nothing unless flushed (S-24). */
  readonly deferTransports: readonly string[]
  /** `default_filter_nexthop` (S-22). */
  readonly defaultFilterNexthop: string
  /** `myhostname`: next hop of a content filter for a recipient without domain (S-22). */
  readonly hostname: string
  /** `recipient_delimiter`: each character ends a local part in queue names (S-27). */
  readonly recipientDelimiter: string
  /** `delay_logging_resolution_limit`, 0 to 6 (S-93). */
  readonly delayLoggingResolutionLimit: number
  /** `info_log_address_format` (S-94). */
  readonly infoLogAddressFormat: 'external' | 'internal'
  /** `backwards_bounce_logfile_compatibility` (F-60). */
  readonly bounceLogCompatibility: boolean
  /** Transports with `soft_bounce`: their permanent failures are failures for now (F-63). */
  readonly softBounceTransports: ReadonlySet<string>
  /** `confirm_delay_cleared` (S-34). */
  readonly confirmDelayCleared: boolean
  /** `disable_verp_bounces`: how a return of mail that failed is called (S-30). */
  readonly disableVerpBounces: boolean
  /** `double_bounce_sender`: mail to this local part of this machine is discarded (S-25). */
  readonly doubleBounceSender: string
  /** `smtputf8_enable`: whether status logs may hold UTF-8 (F-60). */
  readonly smtputf8: boolean
  /** Settings of a transport; asked once per transport, when it is first used. */
  readonly transport: (name: string) => TransportSettings
}

/** Options that agree with each other (S-5). */
export function saneOptions(options: QueueManagerOptions, log: Logger): QueueManagerOptions {
  const { messageActiveLimit, maximalQueueLifetimeMs } = options
  let { messageRecipientLimit, bounceQueueLifetimeMs } = options
  if (messageRecipientLimit < messageActiveLimit) {
    log.warning(
      'qmgr_message_recipient_limit is smaller than qmgr_message_active_limit - ' +
        'adjusting qmgr_message_recipient_limit',
    )
    messageRecipientLimit = messageActiveLimit
  }
  if (bounceQueueLifetimeMs > maximalQueueLifetimeMs) {
    log.warning(
      'bounce_queue_lifetime is larger than maximal_queue_lifetime - ' +
        'adjusting bounce_queue_lifetime',
    )
    bounceQueueLifetimeMs = maximalQueueLifetimeMs
  }
  return { ...options, messageRecipientLimit, bounceQueueLifetimeMs }
}
