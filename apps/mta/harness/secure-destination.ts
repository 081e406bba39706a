import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type PeerCertificate, TLSSocket } from 'node:tls'
import { SMTPServer } from 'smtp-server'

/** A file of `test/certificates`: `good` is for mx.tls.test, signed by `ca`, until 2120. */
export function certificatePath(name: string): string {
  return new URL(`../test/certificates/${name}`, import.meta.url).pathname
}

/** What is known of one message that arrived. */
export interface SecureArrival {
  readonly recipients: readonly string[]
  readonly isEncrypted: boolean
  /** Who has logged in. */
  readonly user: string | undefined
  /** The subject of the client's certificate. */
  readonly certificate: string | undefined
}

/** A real SMTP server with STARTTLS, and with AUTH if there are credentials. */
export class SecureDestination {
  readonly arrivals: SecureArrival[] = []
  readonly logins: { readonly user: string; readonly method: string }[] = []
  readonly #server: SMTPServer
  port = 0

  private constructor(credentials: Readonly<Record<string, string>>) {
    const sockets = new Map<string, TLSSocket>()
    this.#server = new SMTPServer({
      key: readFileSync(certificatePath('good.key')),
      cert: readFileSync(certificatePath('good.pem')),
      ca: [readFileSync(certificatePath('ca.pem'), 'utf8')],
      requestCert: true,
      rejectUnauthorized: false,
      authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5'],
      disabledCommands: Object.keys(credentials).length === 0 ? ['AUTH'] : [],
      authOptional: true,
      disableReverseLookup: true,
      logger: false,
      closeTimeout: 50,
      onSecure: (socket, session, callback) => {
        if (socket instanceof TLSSocket) sockets.set(session.id, socket)
        callback()
      },
      // It is for the client to be careful.
      allowInsecureAuth: true,
      onAuth: ({ username = '', password, method, validatePassword }, _session, callback) => {
        const wanted = credentials[username]
        this.logins.push({ user: username, method })
        const isRight =
          wanted !== undefined && (password === wanted || validatePassword?.(wanted) === true)
        callback(isRight ? null : new Error('bad credentials'), { user: username })
      },
      onData: (stream, session, callback) => {
        stream.resume()
        stream.on('end', () => {
          const peer = sockets.get(session.id)?.getPeerCertificate() as PeerCertificate | undefined
          const cn: unknown = peer?.subject?.CN
          this.arrivals.push({
            recipients: session.envelope.rcptTo.map(({ address }) => address),
            isEncrypted: session.secure,
            user: typeof session.user === 'string' ? session.user : undefined,
            certificate: typeof cn === 'string' ? cn : undefined,
          })
          callback()
        })
      },
    })
  }

  /** @param credentials passwords by user; without any there is no AUTH. */
  static async listen(
    credentials: Readonly<Record<string, string>> = {},
  ): Promise<SecureDestination> {
    const destination = new SecureDestination(credentials)
    const server = destination.#server
    server.on('error', () => undefined) // Handshakes that were meant to fail.
    await new Promise<void>((resolve) => {
      const listening = server.listen(0, '127.0.0.1', () => {
        destination.port = (listening.address() as AddressInfo).port
        resolve()
      })
    })
    return destination
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve))
  }
}
