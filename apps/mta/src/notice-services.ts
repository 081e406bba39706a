import { localZoneNames, MailDates } from '@posthouse/cleanup'
import { systemClock as clock } from '@posthouse/clock'
import type { MasterService } from '@posthouse/config'
import { programOf } from '@posthouse/master'
import type { MessageEnvelope, StatusLogKind } from '@posthouse/queue-store'

import type { Cleanups } from './cleanup-builder.ts'
import { type QueueInternal, queueInternalMail } from './internal-mail.ts'
import { type Configuration, configOfProgram } from './load-configuration.ts'
import { Notices } from './notices.ts'
import { noticeOptions } from './options/notice-options.ts'
import { serviceLog } from './service-log.ts'
import type { SharedParts } from './shared-parts.ts'

/** The line of master.cf for a status log: the name of the service says which one (G-114). */
export function noticeService(
  { services }: Configuration,
  name: StatusLogKind,
): MasterService | undefined {
  return services.find((service) => service.name === name && programOf(service) === 'bounce')
}

const dates = new MailDates(localZoneNames())
const formatDate = (timeMs: number): string => dates.header(timeMs)

/** What takes mail that the mail system makes, with the tables of one generation. */
export function internalQueue({ queued, inflow }: SharedParts, cleanups: Cleanups): QueueInternal {
  const ports = {
    cleanup: cleanups.internal,
    queued: (envelope: MessageEnvelope) => queued(envelope, false),
    held: () => inflow().giveBack(),
    ...{ formatDate, clock },
  }
  return (message) => queueInternalMail(message, ports)
}

/** What tells people. @throws {ConfigError} */
export function buildNotices(
  configuration: Configuration,
  { mailLog, store }: SharedParts,
  queueInternal: QueueInternal,
): Notices {
  const logOf = (name: StatusLogKind) => {
    const service = noticeService(configuration, name)
    const log = service && serviceLog(configuration, service, mailLog)
    return log ?? mailLog.logger('bounce')
  }
  const user = { config: configOfProgram(configuration, 'bounce'), log: logOf('bounce') }
  const options = noticeOptions(user, formatDate)
  return new Notices(options, { store, queueInternal, logOf, clock })
}
