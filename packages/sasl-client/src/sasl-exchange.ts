import { createHmac } from 'node:crypto'

import { SaslError } from './errors.ts'
import { ScramExchange } from './scram.ts'

/** The mechanisms that there are, as servers announce them. */
export type SaslMechanism =
  | 'SCRAM-SHA-256'
  | 'CRAM-MD5'
  | 'PLAIN'
  | 'LOGIN'
  | 'XOAUTH2'
  | 'OAUTHBEARER'

/** Who logs in, and where. */
export interface SaslCredentials {
  readonly user: string
  /** For the OAuth mechanisms, the token. */
  readonly password: string
  /** On whose behalf, with PLAIN; empty or absent: the user's own. */
  readonly authorizationId?: string | undefined
  /** The server, which OAUTHBEARER tells it. */
  readonly host: string
  readonly port: number
}

/** The client's side of one authentication. Octets, without any encoding of the protocol around. */
export interface SaslExchange {
  /** What goes first; undefined where the server begins. */
  readonly initialResponse: Buffer | undefined
  /**
   * The answer to a challenge. @throws {SaslError} also as a rejection: cancel the exchange.
   */
  respond(challenge: Uint8Array): Buffer | Promise<Buffer>
  /** To be called when the server says that all is well. @throws {SaslError} It is not. */
  succeed(): void
}

/**
 * Begins an authentication.
 *
 * @param randomBytes Unpredictable octets, as from `node:crypto`.
 */
export function startSasl(
  mechanism: SaslMechanism,
  credentials: SaslCredentials,
  randomBytes: (count: number) => Uint8Array,
): SaslExchange {
  const { user, password, authorizationId = '' } = credentials
  switch (mechanism) {
    case 'PLAIN':
      return exchange(`${authorizationId}\0${user}\0${password}`, [])
    case 'LOGIN':
      return exchange(undefined, [() => user, () => password])
    case 'CRAM-MD5':
      return exchange(undefined, [(challenge) => `${user} ${hmacMd5(password, challenge)}`])
    case 'XOAUTH2':
      // A challenge is an error in JSON, to which an empty response gives way.
      return exchange(`user=${user}\x01auth=Bearer ${password}\x01\x01`, [() => ''])
    case 'OAUTHBEARER':
      return exchange(oauthBearer(credentials), [() => '\x01'])
    case 'SCRAM-SHA-256':
      return new ScramExchange(user, password, Buffer.from(randomBytes(24)).toString('base64'))
  }
}

function exchange(
  initial: string | undefined,
  answers: readonly ((challenge: Uint8Array) => string)[],
): SaslExchange {
  const left = [...answers]
  return {
    initialResponse: initial === undefined ? undefined : Buffer.from(initial),
    respond: (challenge) => {
      const answer = left.shift()
      if (answer === undefined) throw new SaslError('challenge', 'one challenge too many')
      return Buffer.from(answer(challenge))
    },
    succeed: () => undefined, // The server has proven nothing, and was not asked to.
  }
}

function hmacMd5(password: string, challenge: Uint8Array): string {
  return createHmac('md5', password).update(challenge).digest('hex')
}

function oauthBearer({ user, password, host, port }: SaslCredentials): string {
  const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C')
  return `n,a=${name},\x01host=${host}\x01port=${port}\x01auth=Bearer ${password}\x01\x01`
}
