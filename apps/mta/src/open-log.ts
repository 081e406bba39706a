import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import { systemClock as clock } from '@posthouse/clock'
import type { Config } from '@posthouse/config'
import {
  type EntrySink,
  type LogSink,
  MailLog,
  type MailLogChange,
  syslogLocalSink,
} from '@posthouse/mail-log'
import type { MailOwner } from '@posthouse/master'

import { type LogTarget, type LogTargetPorts, logSettings, openLogTarget } from './log-target.ts'

/** The log of the program, and where it goes. */
export interface OpenLog {
  readonly mailLog: MailLog
  /** After log rotation. */
  readonly reopen: () => void
  /**
   * Goes over to what `config` says once `apply` has succeeded.
   *
   * @throws {ConfigError} It cannot be opened. Or what `apply` rejects with; all stays as it was.
   */
  readonly reload: (config: Config, apply: () => Promise<void>) => Promise<void>
}

/** Opens what `config` says to log to. @throws {ConfigError} It cannot be opened. */
export function openLog(config: Config, owner: MailOwner | undefined): OpenLog {
  const inBackground = process.send !== undefined
  const ports: LogTargetPorts = { owner, inBackground, complain, onRotationError }
  let settings = logSettings(config)
  let target: LogTarget = openLogTarget(config, ports)
  const mailLog = newMailLog(config, target.sink, (error) => {
    complain(`cannot log to ${target.name}, lines are lost until that works: ${reasonOf(error)}`)
  })
  process.stderr.on('error', () => undefined) // A pipe to whoever started it, who may be gone.
  process.on('exit', () => mailLog.flush()) // Also when a bug ends it: the last words count.

  // Who reads the log that was moved away may learn of it, too.
  function onRotationError(error: unknown): void {
    const text = `${target.name}: cannot open it again: ${reasonOf(error)}: ${ROTATION_ADVICE}`
    complain(text)
    mailLog.logger('postlogd').warning(text)
  }
  const reopen = (): void => {
    try {
      target.reopen?.()
    } catch (error) {
      onRotationError(error)
    }
  }
  const reload = async (config: Config, apply: () => Promise<void>): Promise<void> => {
    const nextSettings = logSettings(config)
    const isSame = isDeepStrictEqual(nextSettings, settings)
    const next = isSame ? target : openLogTarget(config, ports)
    try {
      await apply()
    } catch (error) {
      if (!isSame) await next.sink.close?.()
      throw error
    }
    const old = target
    mailLog.change({ ...namesOf(config), sink: next.sink })
    target = next
    settings = nextSettings
    if (!isSame) await old.sink.close?.()
  }
  return { mailLog, reopen, reload }
}

/**
 * Logs what keeps main.cf from being read, so that it is not known where to log to: to the system
 * log, where there is one, under the name of `MAIL_LOGTAG` (G-27, G-44).
 */
export async function logEarlyFailure(error: unknown, socketPath = '/dev/log'): Promise<void> {
  if (!existsSync(socketPath)) return
  const syslog_name = process.env['MAIL_LOGTAG'] || 'postfix'
  const names = { syslog_name, myhostname: hostname(), smtputf8_enable: true }
  const target = { facility: 'mail', onError: complain, after: clock.after, socketPath }
  const mailLog = newMailLog(names, syslogLocalSink(target), complain)
  mailLog.logger('master').fatal(reasonOf(error))
  await mailLog.close()
}

const ROTATION_ADVICE =
  'the log goes on in the file that was moved away; log rotation must leave a file that the mail ' +
  'system can write ("create" of logrotate), or truncate it ("copytruncate")'

type Names = Pick<Config, 'myhostname' | 'smtputf8_enable' | 'syslog_name'>

function newMailLog(
  names: Names,
  sink: LogSink | EntrySink,
  onError: (error: unknown) => void,
): MailLog {
  const { now, after } = clock
  return new MailLog({ ...namesOf(names), processId: process.pid, now, after, sink, onError })
}

function namesOf({ syslog_name, myhostname, smtputf8_enable }: Names): Omit<MailLogChange, 'sink'> {
  return { syslogName: syslog_name, hostname: myhostname, smtputf8: smtputf8_enable }
}

function complain(problem: unknown): void {
  console.error(`posthouse: warning: ${reasonOf(problem)}`)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
