import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import {
  chooseMechanism,
  SaslError,
  type SaslExchange,
  type SaslMechanism,
  type SaslSecurityOption,
  startSasl,
} from '@posthouse/sasl-client'

import { type Failure, hostText, localDataError, oneLine, saidByServer } from '../failure.ts'
import type { NameParameter } from '../lmtp.ts'
import type { SmtpReply } from '../reply.ts'
import type { SmtpSession } from '../session.ts'
import { findLogin, type Login } from './find-login.ts'
import { LoginFailures } from './login-failures.ts'
import type { SaslOptions } from './sasl-options.ts'

/** Whose message it is, and where it goes. */
export interface LoginTerms {
  readonly queueId: string
  /** Internal form. */
  readonly sender: string
  /** As written. */
  readonly nexthop: string
}

// Octets of the command line without its CRLF that is too long for an initial response (C-71).
const COMMAND_LIMIT = 512
const MAX_ROUNDS = 100
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** In transcripts, where Postfix shows passwords. */
const MASKED = '(masked)'
const FAILED = 'SASL authentication failed'

/** Logs in to servers, for one client (C-66 to C-74). */
export class Authenticator {
  readonly options: SaslOptions
  readonly #failures: LoginFailures
  readonly #log: Logger
  readonly #nameOf: NameParameter

  constructor(options: SaslOptions, clock: Clock, log: Logger, nameOf: NameParameter) {
    this.options = options
    this.#failures = new LoginFailures(options.failureCacheMs, clock)
    this.#log = log
    this.#nameOf = nameOf
  }

  /**
   * Logs in, if the server offers it and there is somebody to log in as.
   *
   * @param read the next reply.
   * @returns why there is no session; undefined if there is.
   * @throws {ConversationError}
   */
  async run(
    session: SmtpSession,
    terms: LoginTerms,
    read: () => SmtpReply | Promise<SmtpReply>,
  ): Promise<Failure | undefined> {
    const { auth } = session.features
    if (auth.length === 0) return undefined
    const mechanisms = await this.#accepted(auth, session.relay)
    let login: Login | undefined
    try {
      login = await this.loginFor(session.server.name, terms)
    } catch {
      return this.#lookupFailure(session, terms.queueId) // The table has logged why.
    }
    if (login === undefined) return undefined
    const mechanism = this.#choose(mechanisms, session)
    if (typeof mechanism !== 'string') return mechanism
    return this.#exchange(mechanism, login, session, read)
  }

  /** Who would log in. Throws what the tables throw. */
  loginFor(serverName: string, { sender, nexthop }: LoginTerms): Promise<Login | undefined> {
    return findLogin(this.options, sender, serverName, nexthop)
  }

  #lookupFailure({ server }: SmtpSession, queueId: string): Failure {
    const name = this.#nameOf('smtp_sasl_password_maps')
    this.#log.warning(`${queueId}: ${name} lookup error`, { queueId })
    return localDataError(server)
  }

  async #accepted(lines: readonly string[], relay: string): Promise<string[]> {
    const accepted: string[] = []
    for (const line of lines) {
      const words = line.split(/[ \t]+/).filter((word) => word !== '')
      const wanted = await Promise.all(
        words.map((word) => this.options.acceptsMechanism(word.toUpperCase())),
      )
      const rest = words.filter((_, at) => wanted[at])
      accepted.push(...rest)
      if (words.length === 0) this.#log.warning(`${relay} offered null AUTH mechanism list`)
      else if (rest.length === 0) {
        this.#log.warning(`${relay} offered no supported AUTH mechanisms: '${line}'`)
      }
    }
    return accepted
  }

  #choose(
    offered: readonly string[],
    { server, protection }: SmtpSession,
  ): SaslMechanism | Failure {
    const host = hostText(server)
    if (offered.length === 0) {
      const text =
        `${FAILED}: server ${host} offered no compatible authentication mechanisms ` +
        'for this type of connection security'
      return { kind: 'host', status: '4.7.0', text }
    }
    const mechanism = chooseMechanism(offered, this.#securityOptions(protection))
    if (mechanism !== undefined) return mechanism
    this.#log.warning('SASL authentication failure: No worthy mechs found')
    return cannotAuthenticate(host, 'no mechanism available')
  }

  #securityOptions(protection: SmtpSession['protection']): readonly SaslSecurityOption[] {
    const { securityOptions, tlsSecurityOptions, tlsVerifiedSecurityOptions } = this.options
    if (protection === undefined) return securityOptions
    return protection.isVerified ? tlsVerifiedSecurityOptions : tlsSecurityOptions
  }

  async #exchange(
    mechanism: SaslMechanism,
    login: Login,
    session: SmtpSession,
    read: () => SmtpReply | Promise<SmtpReply>,
  ): Promise<Failure | undefined> {
    const { server } = session
    const known = this.#failures.find(server.name, login)
    if (known !== undefined) {
      const text = `SASL [CACHED] authentication failed; server ${server.name} said: ${known.said}`
      return { kind: 'host', status: this.#softened(known.status), text, reply: known.said }
    }
    const { sendAuthorizationId, randomBytes } = this.options
    const authorizationId = sendAuthorizationId ? login.user : ''
    const { name: host, port } = server
    const credentials = { ...login, authorizationId, host, port }
    const exchange = startSasl(mechanism, credentials, randomBytes)
    try {
      const reply = await converse(mechanism, exchange, session, read)
      if ('kind' in reply) return reply
      if (reply.code < 200 || reply.code > 299) return this.#refused(reply, login, session)
      exchange.succeed()
    } catch (error) {
      if (!(error instanceof SaslError)) throw error
      const reason = error.code === 'challenge' ? 'bad protocol / cancel' : error.message
      return cannotAuthenticate(hostText(server), reason)
    }
    session.hasLoggedIn = true
    return undefined
  }

  #refused(reply: SmtpReply, login: Login, { server }: SmtpSession): Failure {
    const said = oneLine(reply)
    if (reply.code === 535) {
      this.#failures.remember(server.name, login, { status: reply.status, said })
    }
    const text = `${FAILED}; server ${hostText(server)} said: ${said}`
    // Of other codes, too, the status may be a hard one: they are not softened.
    const isHard = reply.code >= 500 && reply.code <= 599
    return saidByServer(reply, isHard ? this.#softened(reply.status) : reply.status, text)
  }

  #softened(status: string): string {
    return this.options.softBounce && status.startsWith('5') ? `4${status.slice(1)}` : status
  }
}

/** AUTH, and what follows until a reply that ends it, or a failure (C-71, C-72). */
async function converse(
  mechanism: SaslMechanism,
  exchange: SaslExchange,
  { connection, server }: SmtpSession,
  read: () => SmtpReply | Promise<SmtpReply>,
): Promise<SmtpReply | Failure> {
  let initial = exchange.initialResponse?.toString('base64')
  if (initial !== undefined && mechanism.length + initial.length + 8 <= COMMAND_LIMIT) {
    connection.send(`AUTH ${mechanism} ${initial}\r\n`, `AUTH ${mechanism} ${MASKED}\r\n`)
    initial = undefined
  } else {
    connection.send(`AUTH ${mechanism}\r\n`)
  }
  for (let round = 0; round <= MAX_ROUNDS; round++) {
    const reply = await read()
    if (reply.code < 300 || reply.code > 399) return reply
    const challenge = oneLine(reply).slice(4).trim()
    if (initial !== undefined && challenge !== '') {
      const what = `non-empty initial ${mechanism} challenge from server ${hostText(server)}`
      return { kind: 'host', status: '4.7.0', text: `${FAILED}; ${what}: ${challenge}` }
    }
    const response = initial ?? (await respond(exchange, challenge))
    initial = undefined
    connection.send(`${response}\r\n`, `${MASKED}\r\n`)
  }
  const text = `${FAILED}; authentication protocol loop with server ${hostText(server)}`
  return { kind: 'host', status: '4.3.0', text }
}

async function respond(exchange: SaslExchange, challenge: string): Promise<string> {
  if (!BASE64.test(challenge)) throw new SaslError('challenge', 'a challenge that is not base64')
  return (await exchange.respond(Buffer.from(challenge, 'base64'))).toString('base64')
}

function cannotAuthenticate(host: string, reason: string): Failure {
  const text = `${FAILED}; cannot authenticate to server ${host}: ${reason}`
  return { kind: 'host', status: '4.7.0', text }
}
