import type { Config, MasterService } from '@posthouse/config'
import type { QmqpRequestLimits } from '@posthouse/qmqp-server'

/** The part of a QMQP server's options that main.cf and master.cf decide. */
export interface QmqpServerSettings extends QmqpRequestLimits {
  readonly timeoutMs: number
  readonly errorDelayMs: number
  readonly daemonTimeoutMs: number
  readonly maxConnections: number
  readonly softBounce: boolean
  readonly clientPortLogging: boolean
}

/** qmqpd(8): one `qmqpd` line of master.cf. */
export function qmqpServerOptions(config: Config, service: MasterService): QmqpServerSettings {
  const processLimit = service.processLimit ?? config.default_process_limit
  return {
    messageSizeLimit: config.message_size_limit,
    lineLengthLimit: config.line_length_limit,
    verpDelimiterFilter: config.verp_delimiter_filter,
    timeoutMs: config.qmqpd_timeout,
    errorDelayMs: config.qmqpd_error_delay,
    daemonTimeoutMs: config.daemon_timeout,
    maxConnections: processLimit === 0 ? Number.POSITIVE_INFINITY : processLimit,
    softBounce: config.soft_bounce,
    clientPortLogging: config.qmqpd_client_port_logging,
  }
}
