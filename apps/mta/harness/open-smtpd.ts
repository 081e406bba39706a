import { unpackedPeer } from './peers.ts'
import { freePort } from './posthouse.ts'
import { type Receiver, SIZE_LIMIT } from './receiver.ts'
import { RootDirectory } from './root-directory.ts'
import { CERTIFICATE, furnish, KEY, MAIL, receiverIn } from './unpacked-receiver.ts'

const PROGRAMS = ['/usr/sbin/smtpd', '/usr/libexec/opensmtpd/mail.maildir'] as const

/**
 * Debian's OpenSMTPD, in a root directory of its own. It never offers PIPELINING, and its TLS, of
 * 6.8 with OpenSSL 3, fails at each handshake.
 */
export async function startOpenSmtpd(): Promise<Receiver> {
  const port = await freePort()
  const root = new RootDirectory(unpackedPeer('opensmtpd'), PROGRAMS)
  furnish(root, 'mail', 'root')
  for (const path of ['/var/lib/opensmtpd/empty', '/var/run']) root.makeDirectory(path, 'root')
  root.makeDirectory('/var/spool/smtpd', 'root', 0o711)
  root.write('/etc/smtpd.conf', configuration(port))
  await root.start(port, PROGRAMS[0], '-d')
  return receiverIn(root, [port, port])
}

function configuration(port: number): string {
  return `\
pki opensmtpd.test cert "${CERTIFICATE}"
pki opensmtpd.test key "${KEY}"
table everybody { "@" = "mail" }
smtp max-message-size "${SIZE_LIMIT}"
action "deliver" maildir "${MAIL}/%{rcpt}" user mail virtual <everybody>
listen on 127.0.0.1 port ${port} tls pki opensmtpd.test hostname opensmtpd.test
match from any for rcpt-to regex "^refused@" reject
match from any for any action "deliver"
`
}
