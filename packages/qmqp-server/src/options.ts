import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import type { QmqpClientAddress, QmqpClientIdentity } from './client-identity.ts'
import type { QmqpReply } from './reply.ts'
import type { QmqpRequest, QmqpRequestLimits } from './request-reader.ts'

/** A message that a client handed over. Its `content` belongs to who receives it. */
export interface QmqpMessage extends QmqpRequest {
  readonly client: QmqpClientIdentity
  /** When the connection began, in milliseconds since 1970. */
  readonly arrivalTimeMs: number
}

/** What a QMQP server is told and given. `T` is whatever `open` makes, known by its queue id. */
export interface QmqpServerOptions<T extends { readonly id: string }> extends QmqpRequestLimits {
  /** `qmqpd_timeout`: longest single wait for input or output. 1 to 2^31-1. */
  readonly timeoutMs: number
  /** `qmqpd_error_delay`: wait before each `Z` or `D` reply. */
  readonly errorDelayMs: number
  /** `daemon_timeout`: a request not read whole by then ends without reply. */
  readonly daemonTimeoutMs: number
  /** Connections served at once, the process limit of the service. At least 1. */
  readonly maxConnections: number
  /** Connections kept waiting for their turn, unread; more are closed at once. Default 1000. */
  readonly maxWaiting?: number
  /** `soft_bounce`: `D` replies become `Z`. */
  readonly softBounce: boolean
  /** `qmqpd_client_port_logging`: `name[address]:port` in logs and replies. */
  readonly clientPortLogging: boolean

  /**
   * Whether a client may use the service (`qmqpd_authorized_clients`, Q-309). A throw, logged as
   * warning, fails closed with `Z` `Error: server configuration error`.
   */
  readonly authorize: (client: QmqpClientIdentity) => boolean | Promise<boolean>
  /**
   * How verbose the log of this connection is (`debug_peer_list`, `debug_peer_level`, Q-313): 0 not
   * at all; 1 the steps of the protocol, with lengths and times; 2 each read and wait as well; 3
   * or more also the bytes. Bytes are mail: a level of 3 logs what people wrote. A throw is logged
   * as warning, and then the log is not verbose.
   */
  readonly debugLevel?: (client: QmqpClientIdentity) => number | Promise<number>
  /**
   * The verified host name of a client, or `unknown`: see `createClientNameLookup`. Asked once per
   * connection, so caching pays. Without it every client is `unknown`.
   */
  readonly lookupName?: (client: QmqpClientAddress) => string | Promise<string>
  /**
   * Why no mail can be taken now, such as a full disk: clients get this reply before their message
   * is read. Undefined: it can. A throw counts as one of `open`.
   */
  readonly unavailable?: () => QmqpReply | undefined | Promise<QmqpReply | undefined>
  /**
   * Begins a message before the first byte is read and gives it its queue id. A throw is
   * logged as error and ends the connection without reply.
   */
  readonly open?: (client: QmqpClientIdentity) => Promise<T>
  /**
   * Takes a whole message; the client is told what this answers. `ok` must mean that the message
   * is durable. Also called for a message without recipients, which is never answered with
   * `K`. A throw is logged as warning and answered with `Z` `Error: queue file write error`
   * (Q-330).
   */
  readonly onMessage: (message: QmqpMessage, transaction: T | undefined) => Promise<QmqpReply>
  /** Told once about each `transaction` for which `onMessage` was not called. */
  readonly onAbort?: (transaction: T) => void

  readonly clock: Clock
  /** Takes the lines of Q-402, those of the process `qmqpd`. */
  readonly log: Logger
}
