import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns'

import { MailLogError } from './errors.ts'
import { type LogEntry, SEVERITY_WORDS, type Severity } from './log-entry.ts'
import type { EntrySink } from './log-sink.ts'
import { RareReport } from './rare-report.ts'
import { syslogPriorities } from './syslog-priority.ts'
import { TimeStamps } from './time-stamp.ts'

/** Where a syslog server is. */
export interface SyslogUdpOptions {
  /** Name or address. A name is looked up at the first line and after each error. */
  readonly host: string
  /** UDP port; syslog's own is 514. */
  readonly port: number
  /** `syslog_facility`, such as `mail`. */
  readonly facility: string
  /** Told of an error, and then of none for ten minutes. */
  readonly onError: (error: unknown) => void
  /** Calls a function some milliseconds from now. */
  readonly after: (delayMs: number, fn: () => void) => unknown
}

const MAX_PENDING = 1024 * 1024
const RETRY_MS = 10_000

/**
 * Sends each entry to a syslog server as a datagram of RFC 3164:
 *
 * `<22>Nov  5 16:28:42 mx postfix/qmqpd[12135]: text`
 *
 * Nothing waits for the network: lines are kept while the server cannot be reached as far as this
 * machine knows, at most 1 MiB; then they are dropped (code `full`). UDP loses datagrams without a
 * word. The socket does not keep the process alive.
 *
 * @throws {MailLogError} `facility`.
 */
export function syslogUdpSink(options: SyslogUdpOptions): EntrySink {
  return new SyslogUdp(options)
}

class SyslogUdp implements EntrySink {
  readonly #options: SyslogUdpOptions
  readonly #priorities: Readonly<Record<Severity, string>>
  readonly #errors: RareReport
  readonly #stamps = new TimeStamps(' ')
  #socket: Socket | undefined // Connected; undefined while there is none.
  #pending: string[] = []
  #pendingLength = 0
  #latestMs = 0
  #state: 'new' | 'opening' | 'open' | 'waiting' = 'new'
  #closed: (() => void) | undefined
  readonly #sent = (error: Error | null): void => {
    // What was still queued in a socket that failed is reported as well: once is enough.
    if (error !== null && this.#socket !== undefined) this.#fail(error, this.#socket)
    else this.#endIfDone()
  }

  constructor(options: SyslogUdpOptions) {
    this.#options = options
    this.#priorities = syslogPriorities(options.facility)
    this.#errors = new RareReport(options.onError)
  }

  log(entries: readonly LogEntry[]): void {
    if (this.#closed !== undefined) throw new MailLogError('closed', 'expected an open syslog sink')
    const waiting = this.#socket?.getSendQueueSize() ?? this.#pendingLength
    if (waiting > MAX_PENDING) {
      throw new MailLogError('full', `expected a syslog server in reach: ${MAX_PENDING} bytes wait`)
    }
    for (const entry of entries) this.#send(this.#format(entry))
    if (this.#state === 'new') this.#open()
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#closed = resolve
      // What waits for the next attempt gets a last one now.
      if (this.#state === 'new') resolve()
      else if (this.#state === 'waiting') this.#open()
      else this.#endIfDone()
    })
  }

  #format({ source, timeMs, severity, text }: LogEntry): string {
    this.#latestMs = timeMs
    const stamp = this.#stamps.of(timeMs)
    return this.#priorities[severity] + stamp + source.head + SEVERITY_WORDS[severity] + text
  }

  #send(message: string): void {
    if (this.#socket !== undefined) {
      this.#socket.send(message, this.#sent)
    } else {
      this.#pending.push(message)
      this.#pendingLength += message.length
    }
  }

  #open(): void {
    this.#state = 'opening'
    const { host, port } = this.#options
    lookup(host, (error, address, family) => {
      if (error !== null) {
        this.#fail(error)
        return
      }
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
      socket.unref()
      socket.on('error', (cause) => this.#fail(cause, socket))
      socket.on('connect', () => this.#use(socket))
      socket.connect(port, address)
    })
  }

  #use(socket: Socket): void {
    this.#socket = socket
    this.#state = 'open'
    const pending = this.#pending
    this.#pending = []
    this.#pendingLength = 0
    for (const message of pending) this.#send(message)
    this.#endIfDone()
  }

  #fail(cause: Error, socket?: Socket): void {
    const { host, port, after } = this.#options
    this.#socket = undefined
    socket?.removeAllListeners('error').on('error', () => undefined)
    socket?.close()
    const message = `cannot send to the syslog server ${host}, UDP port ${port}: ${cause.message}`
    this.#errors.report(new MailLogError('syslog', message, { cause }), this.#latestMs)
    this.#closed?.()
    this.#state = 'waiting'
    after(RETRY_MS, () => {
      if (this.#closed === undefined) this.#open()
    })
  }

  #endIfDone(): void {
    const socket = this.#socket
    if (this.#closed === undefined || socket === undefined || socket.getSendQueueCount() > 0) return
    this.#socket = undefined
    socket.close(this.#closed)
  }
}
