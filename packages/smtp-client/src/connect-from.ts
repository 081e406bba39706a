import type { Socket } from 'node:net'
import { resolve } from 'node:path'

import type { Logger } from '@posthouse/mail-log'
import type { MailServer } from '@posthouse/mx-lookup'

import { type Connect, openSocket } from './connection.ts'
import { relayText } from './failure.ts'
import type { SmtpClientOptions } from './options.ts'

/** What connecting takes. */
export interface ConnectContext {
  readonly options: SmtpClientOptions
  readonly connect: Connect
  readonly log: Logger
}

/** Nobody answered, or this host cannot ask. */
export interface Unreachable {
  readonly status: '4.4.0' | '4.4.1'
  readonly text: string
}

/** Connects to a server from the source address of its family (C-30, C-31). */
export async function connectFrom(
  { options, connect, log }: ConnectContext,
  server: MailServer,
): Promise<Socket | Unreachable> {
  const { bindAddressEnforce, connectTimeoutMs } = options
  const local = sourceAddress(server, options)
  const place = placeOf(server, options)
  let socket = await openSocket(connect, place, connectTimeoutMs, local)
  if ('reason' in socket && socket.step === 'bind') {
    log.warning(`smtp_connect_addr: bind ${local}: ${socket.reason}`)
    if (bindAddressEnforce) return { status: '4.4.0', text: 'server configuration error' }
    socket = await openSocket(connect, place, connectTimeoutMs)
  }
  if (!('reason' in socket)) return socket
  return { status: '4.4.1', text: `connect to ${relayText(server)}: ${socket.reason}` }
}

function sourceAddress({ family }: MailServer, options: SmtpClientOptions): string | undefined {
  if (family === 'unix') return undefined
  return family === 6 ? options.bindAddress6 : options.bindAddress
}

function placeOf(server: MailServer, { lmtp }: SmtpClientOptions): MailServer {
  if (server.family !== 'unix' || lmtp === undefined) return server
  return { ...server, address: resolve(lmtp.socketDirectory, server.address) }
}
