import type { Socket } from 'node:net'

import { Connection } from './connection.ts'
import type { QmqpServerOptions } from './options.ts'

const DEFAULT_MAX_WAITING = 1000

/** A QMQP server without its listener: any `net.Server`, TCP or UNIX-domain, can feed it. */
export interface QmqpServer {
  /**
   * Serves a socket that was just accepted, and owns it from then on. Make the `net.Server` with
   * `pauseOnConnect: true`, so that sockets that wait for their turn are not read.
   */
  handle(socket: Socket): void
  /**
   * Stops taking work: what waits or is still handed in is closed without a reply, which clients
   * take for a temporary failure. Resolves when every connection that is being served has ended
   * and no `onMessage` is running; a silent client can hold that up for `timeoutMs`.
   */
  drain(): Promise<void>
  /**
   * Like `drain`, for a server that another one takes over from: what waits is still served, in
   * its turn. `drain` may follow when there is no more time.
   */
  retire(): Promise<void>
}

/**
 * Makes a QMQP server that behaves like Postfix qmqpd(8) (rules of spec/qmqp.md).
 * Up to `maxConnections` are served at once; further sockets wait unread, first come first served,
 * where Postfix leaves them to the listen queue. Up to `maxWaiting` others may wait until
 * `authorize` has an answer: a table that is slow to tell keeps nobody else from being served.
 */
export function createQmqpServer<T extends { readonly id: string }>(
  options: QmqpServerOptions<T>,
): QmqpServer {
  const { maxConnections, maxWaiting = DEFAULT_MAX_WAITING, log } = options
  const waiting = new Set<Socket>()
  const returning: (() => void)[] = []
  const drained = Promise.withResolvers<void>()
  let served = 0
  let aside = 0
  let isDraining = false
  let isFull = false

  function start(socket: Socket): void {
    served += 1
    new Connection(socket, options, setAside, passOnTurn).serve()
  }

  function passOnTurn(): void {
    const back = returning.shift()
    if (back !== undefined) {
      back()
      return
    }
    served -= 1
    const [next] = waiting
    if (next !== undefined) {
      waiting.delete(next)
      start(next)
    } else {
      isFull = false
      checkDrained()
    }
  }

  async function setAside<Answer>(answer: Promise<Answer>): Promise<Answer> {
    if (aside >= maxWaiting) return answer
    aside += 1
    passOnTurn()
    try {
      return await answer
    } finally {
      if (served < maxConnections) served += 1
      else await new Promise<void>((resolve) => returning.push(resolve))
      aside -= 1
    }
  }

  function checkDrained(): void {
    if (isDraining && served === 0 && aside === 0) drained.resolve()
  }

  /** Logged once until there is room again: whoever does this to us can do it often. */
  function turnAway(socket: Socket): void {
    if (!isFull) {
      log.warning(`connection limit reached: ${maxConnections} served, ${maxWaiting} waiting`)
    }
    isFull = true
    socket.destroy()
  }

  function wait(socket: Socket): void {
    if (waiting.size >= maxWaiting) {
      turnAway(socket)
      return
    }
    waiting.add(socket)
    socket.once('close', () => waiting.delete(socket))
    socket.on('error', () => undefined) // It left while waiting: `close` follows.
  }

  function retire(): Promise<void> {
    isDraining = true
    checkDrained()
    return drained.promise
  }

  return {
    handle(socket) {
      if (isDraining || socket.destroyed) socket.destroy()
      else if (served < maxConnections) start(socket)
      else wait(socket)
    },
    drain() {
      for (const socket of waiting) socket.destroy()
      waiting.clear()
      return retire()
    },
    retire,
  }
}
