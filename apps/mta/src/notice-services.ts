import { localZoneNames, MailDates } from '@posthouse/cleanup'
import { systemClock as clock } from '@posthouse/clock'
import type { MasterService } from '@posthouse/config'
import { programOf } from '@posthouse/master'
import type { StatusLogKind } from '@posthouse/queue-store'

import type { Cleanups } from './cleanup-builder.ts'
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

/** What tells people, with the tables of one generation. @throws {ConfigError} */
export function buildNotices(
  configuration: Configuration,
  { mailLog, store, queued, inflow }: SharedParts,
  cleanups: Cleanups,
): Notices {
  const logOf = (name: StatusLogKind) => {
    const service = noticeService(configuration, name)
    const log = service && serviceLog(configuration, service, mailLog)
    return log ?? mailLog.logger('bounce')
  }
  const dates = new MailDates(localZoneNames())
  const user = { config: configOfProgram(configuration, 'bounce'), log: logOf('bounce') }
  const options = noticeOptions(user, (timeMs) => dates.header(timeMs))
  return new Notices(options, {
    store,
    cleanup: cleanups.internal(),
    queued: (envelope) => queued(envelope, false),
    held: () => inflow().giveBack(),
    logOf,
    clock,
  })
}
