import { existsSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { systemClock as clock } from '@posthouse/clock'
import type { Config } from '@posthouse/config'
import {
  type EntrySink,
  fileSink,
  jsonLines,
  type LogSink,
  pipeSink,
  streamSink,
  syslogLocalSink,
  syslogUdpSink,
} from '@posthouse/mail-log'
import type { MailOwner } from '@posthouse/master'

/** Where lines go. */
export interface LogTarget {
  readonly sink: LogSink | EntrySink
  /** For the operator: what failed when its writing fails. */
  readonly name: string
  /** After log rotation. @throws a system error; lines then go where they went. */
  readonly reopen?: () => void
}

/** What is the same for all targets. */
export interface LogTargetPorts {
  /** Whom root becomes. */
  readonly owner: MailOwner | undefined
  /** Nobody reads standard output: `posthouse start`. */
  readonly inBackground: boolean
  /** Tells the operator, other than in the log. */
  readonly complain: (problem: unknown) => void
  /** Told when the file that follows a rotated one cannot be opened. */
  readonly onRotationError: (error: unknown) => void
}

const STDOUT = '/dev/stdout'
const STDOUT_DESCRIPTOR = 1
const SYSLOG_PORT = 514
const SYSLOG_SERVER = /^(?:\[([^\]]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/

/** The values of main.cf that decide where lines go, to see whether a reload changes them. */
export function logSettings(config: Config): readonly string[] {
  const { log_format, maillog_file, maillog_file_permissions, syslog_facility } = config
  const { syslog_server } = config
  return [log_format, maillog_file, maillog_file_permissions, syslog_facility, syslog_server]
}

/**
 * Opens what main.cf says to log to: `maillog_file`; without it syslog (G-159, G-160). Standard
 * output instead of a system log that is not there, so that nothing vanishes.
 *
 * @throws {ConfigError} It cannot be opened.
 */
export function openLogTarget(config: Config, ports: LogTargetPorts): LogTarget {
  const { maillog_file: file, settings } = config
  if (file === STDOUT && ports.inBackground) {
    const text = 'maillog_file = /dev/stdout: start needs a file or the system log to log to'
    throw settings.error('maillog_file', text, 'the path of a file; or use start-fg')
  }
  if (file === STDOUT) return standardOutput(config)
  if (file !== '') return logFile(config, ports)
  if (config.log_format === 'json') {
    const text = 'log_format = json: syslog has a form of its own, and maillog_file is empty'
    throw settings.error('log_format', text, 'text, or a maillog_file, such as /dev/stdout')
  }
  if (!config.syslog_server.startsWith('/')) return syslogServer(config, ports)
  return systemLog(config, ports)
}

function formatted({ log_format: format }: Config, sink: LogSink): LogSink | EntrySink {
  return format === 'json' ? jsonLines(sink) : sink
}

function standardOutput(config: Config): LogTarget {
  // To a file Node's stream writes at once as well, but never again after an error: a full disk.
  const isPipe = process.stdout instanceof Socket
  const sink = isPipe ? pipeSink(process.stdout) : streamSink(writeToStdout)
  return { name: 'standard output', sink: formatted(config, sink) }
}

function writeToStdout(text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT_DESCRIPTOR, bytes, at)
}

function logFile(config: Config, { owner, onRotationError }: LogTargetPorts): LogTarget {
  const { maillog_file: file, settings } = config
  try {
    const sink = fileSink(file, {
      mode: Number.parseInt(config.maillog_file_permissions, 8),
      owner,
      rotation: { now: clock.now, onError: onRotationError },
    })
    return { name: file, sink: formatted(config, sink), reopen: () => sink.reopen() }
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    const text = `maillog_file = ${file}: cannot open file: ${reason}`
    throw settings.error('maillog_file', text, 'a file that can be made or appended to')
  }
}

function syslogServer(config: Config, { complain }: LogTargetPorts): LogTarget {
  const { syslog_server: server, syslog_facility: facility, settings } = config
  const [, literal, name, digits = `${SYSLOG_PORT}`] = SYSLOG_SERVER.exec(server) ?? []
  const host = literal ?? name
  const port = Number(digits)
  if (host === undefined || port < 1 || port > 65_535) {
    const text = `invalid syslog_server: "${server}"`
    throw settings.error('syslog_server', text, 'host:port, [IPv6 address]:port, or a path')
  }
  const sink = syslogUdpSink({ host, port, facility, onError: complain, after: clock.after })
  return { name: `syslog server ${server}`, sink }
}

function systemLog(config: Config, ports: LogTargetPorts): LogTarget {
  const { syslog_server: socketPath, syslog_facility: facility, settings } = config
  if (existsSync(socketPath)) {
    const { complain: onError, owner: user } = ports
    const sink = syslogLocalSink({ facility, onError, after: clock.after, socketPath, user })
    return { name: socketPath, sink }
  }
  const problem = `maillog_file is empty, and there is no system log at ${socketPath}`
  if (ports.inBackground) {
    const expected = 'a maillog_file, or a syslog_server; or use start-fg'
    throw settings.error('maillog_file', problem, expected)
  }
  const advice = 'set maillog_file = /dev/stdout if that is meant'
  ports.complain(`${problem}: logging to standard output; ${advice}`)
  return standardOutput(config)
}
