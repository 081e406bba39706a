import type { MasterService } from '@posthouse/config'
import type { Logger, MailLog } from '@posthouse/mail-log'
import { programOf } from '@posthouse/master'

import type { Configuration } from './load-configuration.ts'

/** Where a service logs: its tag has the `syslog_name` of its own `-o`, if it has one (G-158). */
export function serviceLog(
  { config, configOf }: Configuration,
  service: MasterService,
  mailLog: MailLog,
): Logger {
  const syslogName = configOf(service).syslog_name
  // Without a name of its own it follows the mail log, which a reload may give another name.
  const own = syslogName === config.syslog_name ? {} : { syslogName }
  return mailLog.logger(programOf(service), own)
}

/** Where the service of a program logs of which there is one at most. */
export function programLog(
  configuration: Configuration,
  program: string,
  mailLog: MailLog,
): Logger {
  const service = configuration.services.find((service) => programOf(service) === program)
  if (service === undefined) return mailLog.logger(program)
  return serviceLog(configuration, service, mailLog)
}
