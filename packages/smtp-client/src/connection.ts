import type { Socket } from 'node:net'

import { Deadline, type DeadlineTerms } from './deadline.ts'
import { ConversationError, type ConversationErrorCode } from './errors.ts'
import { type ReplyEvents, ReplyReader, type SmtpReply } from './reply.ts'

/**
 * Opens a TCP connection; `node:net` connect, or what a test has instead.
 *
 * @param port 0: `address` is the path of a UNIX-domain socket.
 * @param localAddress numeric; undefined leaves it to the system.
 */
export type Connect = (address: string, port: number, localAddress?: string | undefined) => Socket

/** Why there is no connection: the words of the system. */
export interface ConnectFailure {
  /** `bind`: the local address cannot be used. */
  readonly step: 'bind' | 'connect'
  readonly reason: string
}

/** What happens in a connection besides replies. */
export interface ConnectionEvents extends ReplyEvents {
  /** Commands were sent, each with CRLF; absent: nobody wants to know. */
  sent?(text: string): void
}

// More unread replies than this, and the server must wait until we want to know.
const MAX_BUFFERED = 65_536

const ENDS = ['error', 'end', 'close'] as const

interface Waiter<Value> {
  readonly resolve: (value: Value) => void
  readonly reject: (error: Error) => void
}

/** A connection to a server: text out, replies in, one deadline at a time. */
export class Connection {
  readonly #socket: Socket
  readonly #replies: ReplyReader
  readonly #events: ConnectionEvents
  readonly #onData = (chunk: Buffer): void => this.#receive(chunk)
  readonly #onDrain = (): void => this.#drained()
  readonly #onTimeout = (): void => this.#timerEnded()
  readonly #onEnd = (): void => this.#fail('lost')
  readonly #deadline: Deadline | undefined
  // What the timer of the socket is set to; 0: it has to be set.
  #timerMs = 0
  // Of whoever waits for octets, and how much of it timers have measured since the last octet.
  #limitMs = 0
  #silentMs = 0
  #failure: ConversationErrorCode | undefined
  #reader: Waiter<SmtpReply> | undefined
  #drain: Waiter<void> | undefined
  /** A filter looks at what is here. */
  #isFiltering = false

  /**
   * @param socket Connected. Its errors are reported by `read` and `drained` from now on.
   * @param terms Given: time limits are for complete replies, and for the content as a whole.
   */
  constructor(socket: Socket, lineLimit: number, events: ConnectionEvents, terms?: DeadlineTerms) {
    this.#socket = socket
    this.#events = events
    this.#deadline = terms && new Deadline(terms, () => this.#timedOut())
    if (terms !== undefined) socket.setTimeout(0) // What there was for connecting.
    this.#replies = new ReplyReader(lineLimit, events)
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('timeout', this.#onTimeout)
    for (const event of ENDS) socket.on(event, this.#onEnd)
    socket.resume() // It may have waited for somebody to listen.
  }

  /**
   * Hands the socket over: this connection is over, and what the server has sent and nobody has
   * read is forgotten (C-64).
   */
  detach(): Socket {
    this.#failure ??= 'lost'
    const socket = this.#socket
    socket.off('data', this.#onData)
    socket.off('drain', this.#onDrain)
    socket.off('timeout', this.#onTimeout)
    for (const event of ENDS) socket.off(event, this.#onEnd)
    socket.setTimeout(0)
    socket.on('error', () => undefined) // Whoever has it on top of it is told, too.
    return socket
  }

  /**
   * Sends commands, one octet per character. A lost connection shows when the reply is read.
   *
   * @param shown what may be known of them, where they hold a secret.
   */
  send(text: string, shown: string = text): void {
    this.#events.sent?.(shown)
    this.#socket.write(text, 'latin1')
  }

  /** Commands were sent with `sendBytes`. */
  noteSent(text: string): void {
    this.#events.sent?.(text)
  }

  /** Sends bytes. False: wait for `drained` before more. */
  sendBytes(bytes: Uint8Array): boolean {
    this.#deadline?.sent(bytes.length)
    return this.#socket.write(bytes)
  }

  /** Resolves when more may be sent. @throws {ConversationError} */
  drained(timeoutMs: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(new ConversationError(this.#failure))
    if (this.#deadline === undefined) this.#setTimer(timeoutMs)
    else this.#deadline.awaitRoom(timeoutMs)
    return new Promise((resolve, reject) => {
      this.#drain = { resolve, reject }
    })
  }

  /** A reply that is here already. To be asked for while nobody reads. */
  peek(): SmtpReply | undefined | Promise<SmtpReply | undefined> {
    return this.#replies.next()
  }

  /**
   * The next reply: at once when it is here already.
   *
   * @param timeoutMs Longest time without an octet from the server; 0 waits for ever.
   * @throws {ConversationError | TableError} also when returning a promise: it rejects.
   */
  read(timeoutMs: number): SmtpReply | Promise<SmtpReply> {
    const reply = this.#replies.next()
    const isFiltering = reply instanceof Promise
    if (reply !== undefined && !isFiltering) return reply
    if (this.#replies.broken) this.#fail('lost')
    if (this.#failure !== undefined && !isFiltering) throw new ConversationError(this.#failure)
    if (this.#deadline === undefined) this.#awaitOctets(timeoutMs)
    else this.#deadline.awaitReply(timeoutMs)
    if (this.#socket.isPaused()) this.#socket.resume()
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
      if (isFiltering) this.#awaitFilter(reply)
    })
  }

  /** Whether something of the server is here that nobody has read. */
  get hasUnread(): boolean {
    return this.#replies.buffered > 0
  }

  /** Whether the server has closed the connection or it broke. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Closes after what was sent. Replies that are still to come are not waited for. */
  close(): void {
    this.#failure ??= 'lost'
    this.#socket.destroySoon()
  }

  /** Closes at once, and fails whoever waits as if the time limit had passed. */
  giveUp(): void {
    this.#fail('timeout')
    this.#socket.destroy()
  }

  /** Closes at once; what was not yet sent is dropped. */
  destroy(): void {
    this.#failure ??= 'lost'
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    if (this.#failure === 'timeout') return
    this.#silentMs = 0
    this.#replies.push(chunk)
    if (this.#reader === undefined || this.#isFiltering) {
      if (this.#replies.buffered > MAX_BUFFERED) this.#socket.pause()
      return
    }
    const reply = this.#replies.next()
    if (reply instanceof Promise) this.#awaitFilter(reply)
    else this.#settle(reply)
  }

  #awaitFilter(pending: Promise<SmtpReply | undefined>): void {
    this.#isFiltering = true
    const done = (): void => {
      this.#isFiltering = false
    }
    pending.then(
      (reply) => {
        done()
        this.#settle(reply)
      },
      (error: Error) => {
        done()
        this.#takeReader()?.reject(error)
      },
    )
  }

  #takeReader(): Waiter<SmtpReply> | undefined {
    const reader = this.#reader
    this.#reader = undefined
    this.#deadline?.stop()
    return reader
  }

  /** Gives the reader what it waits for, or lets it wait on. */
  #settle(reply: SmtpReply | undefined): void {
    if (reply !== undefined) this.#takeReader()?.resolve(reply)
    else if (this.#replies.broken) {
      this.#fail('lost')
      this.#socket.destroy()
    } else if (this.#failure !== undefined) this.#fail(this.#failure)
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  #drained(): void {
    const drain = this.#drain
    this.#drain = undefined
    this.#deadline?.gotRoom()
    drain?.resolve()
  }

  // To set a timer takes longer than all else here. That of the socket starts anew by itself with
  // each octet, so one that is short enough is left as it is, and set to the rest when it ends.
  #awaitOctets(limitMs: number): void {
    this.#limitMs = limitMs
    this.#silentMs = 0
    if (limitMs === 0 || this.#timerMs === 0 || this.#timerMs > limitMs) this.#setTimer(limitMs)
  }

  #setTimer(delayMs: number): void {
    this.#timerMs = delayMs
    this.#socket.setTimeout(delayMs)
  }

  #timerEnded(): void {
    this.#silentMs += this.#timerMs
    const restMs = this.#limitMs - this.#silentMs
    if (this.#reader !== undefined && restMs > 0) this.#setTimer(restMs)
    else {
      this.#timerMs = 0
      this.#timedOut()
    }
  }

  #timedOut(): void {
    if (this.#reader === undefined && this.#drain === undefined) return
    this.#fail('timeout')
    this.#socket.destroy()
  }

  #fail(code: ConversationErrorCode): void {
    this.#failure ??= code
    this.#deadline?.stop()
    if (this.#reader === undefined && this.#drain === undefined) return
    // What the server said before it left may be a reply.
    if (code === 'lost' && this.#isFiltering) return
    const error = new ConversationError(this.#failure)
    this.#reader?.reject(error)
    this.#drain?.reject(error)
    this.#reader = undefined
    this.#drain = undefined
  }
}

/**
 * Connects.
 *
 * @param timeoutMs 0 leaves it to the operating system.
 * @returns the socket, or why there is none (C-30, C-31).
 */
export function openSocket(
  connect: Connect,
  { address, port }: { readonly address: string; readonly port: number },
  timeoutMs: number,
  localAddress?: string,
): Promise<Socket | ConnectFailure> {
  return new Promise((resolve) => {
    const socket = connect(address, port, localAddress)
    const settle = (result: Socket | ConnectFailure): void => {
      socket.off('error', onError)
      socket.off('timeout', onTimeout)
      socket.off('connect', onConnect)
      if ('reason' in result) {
        socket.on('error', () => undefined) // Whatever it still has to say, it is too late.
        socket.destroy()
      }
      resolve(result)
    }
    const onError = (error: NodeJS.ErrnoException): void => {
      const step = error.syscall === 'bind' ? 'bind' : 'connect'
      settle({ step, reason: systemMessage(error) })
    }
    const onTimeout = (): void => settle({ step: 'connect', reason: 'Connection timed out' })
    const onConnect = (): void => settle(socket)
    socket.on('error', onError)
    socket.on('timeout', onTimeout)
    socket.on('connect', onConnect)
    socket.setNoDelay(true)
    socket.setTimeout(timeoutMs)
  })
}

const SYSTEM_MESSAGES: ReadonlyMap<string | undefined, string> = new Map([
  ['EACCES', 'Permission denied'],
  ['EADDRINUSE', 'Address already in use'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['EAFNOSUPPORT', 'Address family not supported by protocol'],
  ['ECONNABORTED', 'Software caused connection abort'],
  ['ECONNREFUSED', 'Connection refused'],
  ['ECONNRESET', 'Connection reset by peer'],
  ['EHOSTDOWN', 'Host is down'],
  ['EHOSTUNREACH', 'No route to host'],
  ['EINVAL', 'Invalid argument'],
  ['EMFILE', 'Too many open files'],
  ['ENAMETOOLONG', 'File name too long'],
  ['ENETDOWN', 'Network is down'],
  ['ENETUNREACH', 'Network is unreachable'],
  ['ENFILE', 'Too many open files in system'],
  ['ENOBUFS', 'No buffer space available'],
  ['ENOENT', 'No such file or directory'],
  ['ENOTDIR', 'Not a directory'],
  ['EPERM', 'Operation not permitted'],
  ['ETIMEDOUT', 'Connection timed out'],
])

function systemMessage(error: NodeJS.ErrnoException): string {
  return SYSTEM_MESSAGES.get(error.code) ?? error.code ?? error.message
}
