import { connect } from 'node:net'

import type { Connect } from './connection.ts'

// Replies are short: of a server that says more, more reads are needed.
const READ_BYTES = 16_384

/**
 * Connects to hosts and UNIX-domain sockets. Sockets read into one buffer, which is a third of the
 * work: a chunk is good until its event is over. They are paused, for whoever takes a socket to
 * resume it when nothing can be missed.
 */
export function socketConnector(): Connect {
  const buffer = Buffer.alloc(READ_BYTES)
  return (host, port, localAddress) => {
    const callback = (bytes: number): boolean => {
      socket.emit('data', buffer.subarray(0, bytes))
      return true
    }
    const onread = { buffer, callback }
    // One address is tried at a time, and the families have their order already.
    const options = { host, port, autoSelectFamily: false, noDelay: true, onread }
    const place = localAddress === undefined ? options : { ...options, localAddress }
    const socket = connect(port === 0 ? { path: host, onread } : place)
    return socket.pause()
  }
}
