import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { unpackedPeer } from './peers.ts'
import { freePort } from './posthouse.ts'
import { Maildirs, type ReceivedMail, type Receiver, SIZE_LIMIT } from './receiver.ts'
import { RootDirectory } from './root-directory.ts'
import { certificatePath } from './secure-destination.ts'

const PROGRAM = '/usr/sbin/smtpd'

/**
 * Debian's OpenSMTPD, in a root directory of its own. It never offers PIPELINING, and its TLS, of
 * 6.8 with OpenSSL 3, fails at each handshake.
 */
export class OpenSmtpd implements Receiver {
  readonly port: number
  readonly portWithoutPipelining: number
  readonly #root: RootDirectory
  readonly #maildirs: Maildirs

  private constructor(port: number) {
    this.port = port
    this.portWithoutPipelining = port
    const programs = [PROGRAM, '/usr/libexec/opensmtpd/mail.maildir']
    this.#root = new RootDirectory(unpackedPeer('opensmtpd'), programs)
    this.#maildirs = new Maildirs(join(this.#root.path, 'mail'))
    this.#root.makeDirectory('/var/lib/opensmtpd/empty', 'root')
    this.#root.makeDirectory('/var/spool/smtpd', 'root', 0o711)
    this.#root.makeDirectory('/var/run', 'root')
    this.#root.makeDirectory('/mail', 'mail')
    for (const name of ['good.pem', 'good.key']) {
      this.#root.write(`/certificates/${name}`, [readFileSync(certificatePath(name), 'utf8')])
    }
    this.#root.write('/etc/smtpd.conf', [configuration(port)])
  }

  static async start(): Promise<OpenSmtpd> {
    const server = new OpenSmtpd(await freePort())
    await server.#root.start(server.port, PROGRAM, '-d')
    return server
  }

  received(): ReceivedMail[] {
    return this.#maildirs.received()
  }

  logText(): string {
    return this.#root.output
  }

  stop(): Promise<void> {
    return this.#root.remove()
  }
}

function configuration(port: number): string {
  return `\
pki opensmtpd.test cert "/certificates/good.pem"
pki opensmtpd.test key "/certificates/good.key"
table everybody { "@" = "mail" }
smtp max-message-size "${SIZE_LIMIT}"
action "deliver" maildir "/mail/%{rcpt}" user mail virtual <everybody>
listen on 127.0.0.1 port ${port} tls pki opensmtpd.test hostname opensmtpd.test
match from any for rcpt-to regex "^refused@" reject
match from any for any action "deliver"
`
}
