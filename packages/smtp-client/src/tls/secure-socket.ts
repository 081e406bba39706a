import type { Socket } from 'node:net'
import { connect, type SecureContext, type TLSSocket } from 'node:tls'

import type { Clock } from '@posthouse/clock'

import type { PeerIdentity } from './peer-check.ts'
import type { ResumableSession } from './tls-sessions.ts'

/** What a handshake takes. */
export interface SecurePlan {
  readonly context: SecureContext
  /** SNI, which is no address. */
  readonly servername: string | undefined
  /** A session to be resumed, if the server still knows it. */
  readonly resume: ResumableSession | undefined
  /** Of the whole handshake; 0 is no limit. */
  readonly timeoutMs: number
  readonly identify: (socket: TLSSocket) => PeerIdentity
  /** Told of sessions that can be resumed, during the handshake or long after it. */
  readonly keep: (session: Buffer, identity: PeerIdentity) => void
}

/** A socket with TLS, or why there is none, in words of C-151. */
export type SecureResult =
  | { readonly socket: TLSSocket; readonly identity: PeerIdentity; readonly isResumed: boolean }
  | { readonly reason: string; readonly libraryProblem?: string }

/** Makes a TLS handshake as a client. Whether the server is the right one is left to the caller. */
export function secureSocket(raw: Socket, plan: SecurePlan, clock: Clock): Promise<SecureResult> {
  if (raw.destroyed || raw.readableEnded) return Promise.resolve({ reason: 'lost connection' })
  return new Promise((resolve) => {
    const { servername, resume, context } = plan
    const socket = connect({
      socket: raw,
      secureContext: context,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(servername !== undefined && { servername }),
      ...(resume !== undefined && { session: resume.session }),
    })
    let identity: PeerIdentity | undefined
    let early: Buffer | undefined // TLS 1.2 gives a session before the server has proven anything.
    const fail = (result: SecureResult): void => {
      cancel()
      socket.destroy()
      resolve(result)
    }
    const cancel =
      plan.timeoutMs === 0
        ? () => undefined
        : clock.after(plan.timeoutMs, () => fail({ reason: 'Connection timed out' }))
    // Stays, since whoever takes the socket over has listeners of their own.
    socket.on('error', (error) => fail(failureOf(error)))
    socket.on('close', () => fail({ reason: 'lost connection' }))
    socket.on('session', (session: Buffer) => {
      if (identity === undefined) early = session
      else plan.keep(session, identity)
    })
    socket.once('secureConnect', () => {
      cancel()
      const isResumed = socket.isSessionReused()
      identity = isResumed && resume !== undefined ? resume.identity : plan.identify(socket)
      if (early !== undefined) plan.keep(early, identity)
      resolve({ socket, identity, isResumed })
    })
  })
}

function failureOf(error: NodeJS.ErrnoException): SecureResult {
  if ('library' in error) {
    return { reason: '-1', libraryProblem: error.message.trim().replace(/^[0-9A-F]+:/, '') }
  }
  // Node's error for a server that closed the connection is of no system call.
  if (error.code === 'ECONNRESET' && error.syscall === undefined)
    return { reason: 'lost connection' }
  return { reason: error.code === 'ECONNRESET' ? 'Connection reset by peer' : error.message }
}
