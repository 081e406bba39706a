import { VirtualClock } from '@posthouse/clock'
import type { DeliveryOutcome } from '@posthouse/delivery-status'
import { type LogFields, memoryLogger } from '@posthouse/mail-log'

import {
  type DeliveryReport,
  type DeliveryRequest,
  defaultOptions,
  defaultTransportSettings,
  type NoticeRequest,
  QueueManager,
  type QueueManagerOptions,
  type QueueManagerPorts,
  type TransportSettings,
} from '../src/index.ts'
import { MemoryStore } from './memory-store.ts'

/** Where the time of the tests begins, in milliseconds since 1970. */
export const START_MS = 1_000_000_000_000

/** Defaults of Postfix. */
export const SETTINGS: TransportSettings = defaultTransportSettings

/** Defaults of Postfix. */
export const OPTIONS: QueueManagerOptions = {
  ...defaultOptions,
  hostname: 'mx.x.test',
  recipientDelimiter: '+',
}

/** An agent's work: what becomes of a request, perhaps later. */
export type Deliver = (request: DeliveryRequest) => DeliveryReport | Promise<DeliveryReport>

/** Everything around a queue manager. A second one may be started on the same world. */
export class World {
  readonly clock = new VirtualClock(START_MS)
  readonly store = new MemoryStore(START_MS)
  /** Lines of all logs, tagged. */
  readonly lines: string[] = []
  /** The fields of each line. */
  readonly fields: (LogFields | undefined)[] = []
  readonly requests: DeliveryRequest[] = []
  /** Transports without an agent. */
  readonly down = new Set<string>()
  options: QueueManagerOptions
  deliver: Deliver
  ports: Partial<QueueManagerPorts> = {}
  /** What was sent, and the log that it was made of, as services do. */
  readonly notices: (NoticeRequest & { readonly text: string })[] = []
  /** Services that there are not. */
  readonly missing = new Set<string>()
  /** What sending does first: it may reject. */
  send: (request: NoticeRequest) => Promise<void> = async () => undefined

  constructor(deliver: Deliver, options: Partial<QueueManagerOptions> = {}) {
    this.deliver = deliver
    this.options = { ...OPTIONS, ...options }
  }

  manager(): QueueManager {
    const deliver = async (request: DeliveryRequest) => {
      this.requests.push(request)
      return this.deliver(request)
    }
    return new QueueManager(this.options, {
      store: this.store,
      clock: this.clock,
      log: this.log('qmgr'),
      deliveryLog: (transport) => this.log(transport === 'retry' ? 'error' : transport),
      agents: (transport) => (this.down.has(transport) ? undefined : { deliver }),
      resolve: (_, recipient) => ({
        kind: 'route',
        transport: 'smtp',
        nexthop: recipient.slice(recipient.lastIndexOf('@') + 1),
        recipient,
      }),
      rewrite: (address) => address,
      notices: {
        has: (log) => !this.missing.has(log),
        send: async (request) => {
          await this.send(request)
          const { kind, log, message } = request
          const text = this.store.statusLogs.get(`${log}/${message.id}`) ?? ''
          this.notices.push({ ...request, text })
          if (kind !== 'delay') await this.store.removeStatusLog(log, message.id)
        },
      },
      ...this.ports,
    })
  }

  log(tag: string): QueueManagerPorts['log'] {
    const { logger, lines } = memoryLogger()
    const tagged =
      (level: 'info' | 'warning' | 'error' | 'fatal') =>
      (text: string, fields?: LogFields): void => {
        logger[level](text)
        this.lines.push(`${tag}: ${lines.pop()}`)
        this.fields.push(fields)
      }
    return {
      info: tagged('info'),
      warning: tagged('warning'),
      error: tagged('error'),
      fatal: tagged('fatal'),
    }
  }

  /** Lets everything happen that is due within some seconds. */
  async run(seconds: number): Promise<void> {
    await this.clock.run(this.clock.now() + seconds * 1000)
  }

  /** Lines without the delays. */
  get masked(): string[] {
    return this.lines.map((line) => line.replace(/ delay=[^,]+, delays=[^,]+,/, ''))
  }

  /** An outcome for each recipient of a request. */
  outcomes(
    { recipients }: DeliveryRequest,
    kind: DeliveryOutcome['kind'] = 'sent',
    fields: Partial<DeliveryOutcome> = {},
  ): DeliveryReport {
    const status = { sent: '2.0.0', deferred: '4.2.0', bounced: '5.1.1' }[kind]
    const one = { status, text: kind, relay: 'mx[192.0.2.1]:25', doneMs: this.clock.now() }
    return { outcomes: recipients.map(() => ({ ...one, ...fields, kind }) as DeliveryOutcome) }
  }

  /** Waits in virtual time. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve))
  }
}
