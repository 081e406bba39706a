import { chownSync } from 'node:fs'
import { systemClock as clock } from '@posthouse/clock'
import type { Config } from '@posthouse/config'
import { type FileSink, fileSink, type LogSink, MailLog, streamSink } from '@posthouse/mail-log'
import type { MailOwner } from '@posthouse/master'

/** The log of the program. */
export interface OpenLog {
  readonly mailLog: MailLog
  /** After log rotation. */
  readonly reopen: () => void
}

/** Opens what `config` says to log to. */
export function openLog(config: Config, owner: MailOwner | undefined): OpenLog {
  const file = config.maillog_file
  const toFile = file !== '' && file !== '/dev/stdout'
  const target: FileSink | undefined = toFile ? fileSink(file) : undefined
  if (target !== undefined && owner !== undefined) chownSync(file, owner.userId, owner.groupId)
  const sink: LogSink = target ?? streamSink((text) => process.stdout.write(text))
  const complain = (error: unknown) => console.error(`posthouse: error: ${file}: ${error}`)
  const mailLog = new MailLog({
    syslogName: config.syslog_name,
    hostname: config.myhostname,
    processId: process.pid,
    now: clock.now,
    sink,
    onError: complain,
    after: clock.after,
  })
  process.on('exit', () => mailLog.flush()) // Also when a bug ends it: the last words count.
  const reopen = (): void => {
    try {
      target?.reopen()
    } catch (error) {
      complain(error)
    }
  }
  return { mailLog, reopen }
}
