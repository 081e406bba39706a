import { createSocket } from 'node:dgram'
import { connect } from 'node:net'

import type { NameServer } from './resolv-conf.ts'

/** What comes back from a server. */
export interface TransportEvents {
  /** A whole message, from the address that was asked. */
  readonly receive: (message: Uint8Array) => void
  /** Nothing more will come. At most once. */
  readonly fail: (error: Error) => void
}

/**
 * Sends one query to a server, from a port of its own. Nothing may be called before it returns.
 *
 * @returns ends it; nothing is called afterwards.
 */
export type Transport = (
  protocol: 'udp' | 'tcp',
  server: NameServer,
  query: Uint8Array,
  events: TransportEvents,
) => () => void

/** Queries over the network. */
export const networkTransport: Transport = (protocol, server, query, events) =>
  protocol === 'udp' ? sendDatagram(server, query, events) : sendStream(server, query, events)

/**
 * The system picks a random port, and, since the socket is connected, drops what comes from any
 * other address and tells when nobody listens.
 */
function sendDatagram(
  { address, port }: NameServer,
  query: Uint8Array,
  { receive, fail }: TransportEvents,
): () => void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  let isOpen = true
  const end = (): void => {
    if (!isOpen) return
    isOpen = false
    socket.close()
  }
  const failed = (error: Error): void => {
    if (!isOpen) return
    end()
    fail(error)
  }
  socket.on('error', failed)
  socket.on('message', (message) => {
    if (isOpen) receive(message)
  })
  socket.on('connect', () => {
    if (isOpen) socket.send(query, (error) => error && failed(error))
  })
  socket.connect(port, address)
  return end
}

function sendStream(
  { address, port }: NameServer,
  query: Uint8Array,
  { receive, fail }: TransportEvents,
): () => void {
  const socket = connect({ host: address, port, noDelay: true })
  const parts: Buffer[] = []
  let length = 0
  let size: number | undefined
  let isOpen = true
  const end = (): void => {
    isOpen = false
    socket.destroy()
  }
  const failed = (error: Error): void => {
    if (!isOpen) return
    end()
    fail(error)
  }
  socket.on('error', failed)
  socket.on('close', () => failed(new Error('connection closed before the end of a message')))
  socket.on('connect', () => socket.write(withLength(query)))
  socket.on('data', (chunk: Buffer) => {
    if (!isOpen) return
    parts.push(chunk)
    length += chunk.length
    if (size === undefined && length >= 2) size = Buffer.concat(parts).readUInt16BE(0)
    if (size === undefined || length < 2 + size) return // So no more than 64 kB are kept.
    receive(Buffer.concat(parts).subarray(2, 2 + size))
    failed(new Error('the message was no reply'))
  })
  return end
}

function withLength(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(2 + message.length)
  framed.writeUInt16BE(message.length, 0)
  framed.set(message, 2)
  return framed
}
