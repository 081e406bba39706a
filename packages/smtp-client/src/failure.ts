import type { MailServer } from '@posthouse/mx-lookup'

import type { ConversationErrorCode } from './errors.ts'
import type { SmtpReply } from './reply.ts'

/**
 * Why recipients were not delivered (C-90). The class says what follows for the destination:
 * `host` and `exception` failures blame it; `unsupported` is soft while other servers remain.
 */
export interface Failure {
  readonly kind: 'host' | 'exception' | 'message' | 'recipient' | 'unsupported'
  /** Enhanced status code, class 4 or 5. */
  readonly status: string
  /** A text of C-108. */
  readonly text: string
  /** The server's reply in one line, when it was the server's doing (C-103). */
  readonly reply?: string
  /** Of `notify_classes`: something is out of order, so the session is not to be reused (C-93). */
  readonly errorClass?: SessionErrorClass | undefined
}

/** `protocol`: the server is out of step. `data`: a table of our own cannot be read (C-94). */
export type SessionErrorClass = 'protocol' | 'data'

/** Commands whose replies decide about recipients, as C-36 spells them. */
export type DecidingCommand =
  | 'MAIL FROM command'
  | 'RCPT TO command'
  | 'DATA command'
  | 'end of DATA command'

/** `name[address]` */
export function hostText({ name, address }: MailServer): string {
  return `${name}[${address}]`
}

/** `name[address]:port`, the relay of the log line; without the port of a UNIX-domain socket. */
export function relayText(server: MailServer): string {
  const host = hostText(server)
  return server.family === 'unix' ? host : `${host}:${server.port}`
}

/** The server as lines about TLS have it (C-153). */
export function peerName(server: MailServer): string {
  return relayText({ ...server, name: server.name.toLowerCase() })
}

/** The reply in one line, as logs and reports show it (C-43). */
export function oneLine({ text }: SmtpReply): string {
  return text.includes('\n') ? text.replaceAll('\n', ' ') : text
}

/** The server does not want to talk: greeting, EHLO 421 or HELO (C-45, C-53). */
export function refusal(
  server: MailServer,
  reply: SmtpReply,
  status: string = reply.status,
): Failure {
  const said = oneLine(reply)
  const text = `host ${hostText(server)} refused to talk to me: ${said}`
  return { kind: 'host', status, text, reply: said, errorClass: errorClass(reply) }
}

/** The server does not take STARTTLS, and nothing is sent without (C-63). */
export function refusedTls(server: MailServer, reply: SmtpReply): Failure {
  const said = oneLine(reply)
  const text = `TLS is required, but host ${hostText(server)} refused to start TLS: ${said}`
  const { status } = reply
  return { kind: 'host', status, text, reply: said, errorClass: errorClass(reply) }
}

/** The server refuses a login (C-73). */
export function saidByServer(reply: SmtpReply, status: string, text: string): Failure {
  return { kind: 'host', status, text, reply: oneLine(reply), errorClass: errorClass(reply) }
}

/** A reply other than the one that the command needs (C-92, C-93). */
export function rejection(server: MailServer, reply: SmtpReply, command: DecidingCommand): Failure {
  const said = oneLine(reply)
  const text = `host ${hostText(server)} said: ${said} (in reply to ${command})`
  const kind = command === 'RCPT TO command' ? 'recipient' : 'message'
  const base = { kind, reply: said, errorClass: errorClass(reply) } as const
  // A success where only an intermediate reply makes sense is no success.
  if (reply.status.startsWith('2')) {
    return { ...base, status: '5.5.0', text: `Protocol error: ${text}` }
  }
  return { ...base, status: reply.status, text }
}

/** The conversation broke while waiting for what `phase` says (C-36, C-94). */
export function conversationFailure(
  server: MailServer,
  code: ConversationErrorCode,
  phase: string,
): Failure {
  const host = hostText(server)
  const text =
    code === 'lost'
      ? `lost connection with ${host} while ${phase}`
      : `conversation with ${host} timed out while ${phase}`
  return { kind: 'exception', status: '4.4.2', text }
}

/** Something of our own is out of order, not the server (C-94). */
export function localDataError(server: MailServer): Failure {
  const text = `local data error while talking to ${hostText(server)}`
  return { kind: 'exception', status: '4.3.0', text, errorClass: 'data' }
}

function errorClass({ code }: SmtpReply): SessionErrorClass | undefined {
  const isOutOfStep = code < 400 || code > 599 || code === 555 || (code >= 500 && code <= 509)
  return isOutOfStep ? 'protocol' : undefined
}
