import type { MasterService } from '@posthouse/config'
import type { QmqpRequestLimits } from '@posthouse/qmqp-server'

import type { ListUser } from '../match-lists.ts'
import { openFileLimit } from '../open-files.ts'
import { type ConnectionLimits, connectionLimits } from './connection-limits.ts'

/** The part of a QMQP server's options that main.cf and master.cf decide. */
export interface QmqpServerSettings extends QmqpRequestLimits, ConnectionLimits {
  readonly timeoutMs: number
  readonly errorDelayMs: number
  readonly daemonTimeoutMs: number
  readonly softBounce: boolean
  readonly clientPortLogging: boolean
}

/** qmqpd(8): one `qmqpd` line of master.cf, of as many as there are `services`. */
export function qmqpServerOptions(
  { config, log }: ListUser,
  service: MasterService,
  services: number,
): QmqpServerSettings {
  const processLimit = service.processLimit ?? config.default_process_limit
  const openFiles = openFileLimit()
  const limits = connectionLimits(processLimit, services, openFiles)
  if (limits.maxConnections < processLimit) {
    log.warning(
      `service ${service.name}: ${limits.maxConnections} clients at once instead of the process` +
        ` limit of ${processLimit}: of ${openFiles} open files half are for clients, two each;` +
        ' raise that limit ("ulimit -n", LimitNOFILE of systemd)',
    )
  }
  return {
    messageSizeLimit: config.message_size_limit,
    lineLengthLimit: config.line_length_limit,
    verpDelimiterFilter: config.verp_delimiter_filter,
    timeoutMs: config.qmqpd_timeout,
    errorDelayMs: config.qmqpd_error_delay,
    daemonTimeoutMs: config.daemon_timeout,
    ...limits,
    softBounce: config.soft_bounce,
    clientPortLogging: config.qmqpd_client_port_logging,
  }
}
