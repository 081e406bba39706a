import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { unpackedPeer } from './peers.ts'
import { freePorts } from './posthouse.ts'
import { type Receiver, SIZE_LIMIT } from './receiver.ts'
import { RootDirectory } from './root-directory.ts'
import { CERTIFICATE, furnish, KEY, MAIL, receiverIn } from './unpacked-receiver.ts'

const PROGRAM = '/usr/sbin/exim4'
const OWNER = 'Debian-exim'
const SPOOL = '/var/spool/exim4'

/** Debian's Exim, in a root directory of its own. */
export async function startExim(): Promise<Receiver> {
  const [port = 0, portWithoutPipelining = 0] = await freePorts(2)
  const root = new RootDirectory(unpackedPeer('exim4-daemon-light'), [PROGRAM])
  furnish(root, OWNER, OWNER)
  root.makeDirectory(SPOOL, OWNER)
  root.write('/etc/exim4/exim4.conf', configuration(port, portWithoutPipelining))
  await root.start(portWithoutPipelining, PROGRAM, '-bdf', '-oP', '/tmp/exim.pid')
  const logText = () => root.output + readFileSync(join(root.path, SPOOL, 'mainlog'), 'utf8')
  return receiverIn(root, [port, portWithoutPipelining], logText)
}

function configuration(port: number, portWithoutPipelining: number): string {
  return `\
primary_hostname = exim.test
spool_directory = ${SPOOL}
log_file_path = ${SPOOL}/%slog
exim_user = ${OWNER}
exim_group = ${OWNER}
local_interfaces = <; 127.0.0.1
daemon_smtp_ports = ${port} : ${portWithoutPipelining}
pipelining_advertise_hosts = \${if eq{$received_port}{${port}}{*}{:}}
tls_advertise_hosts = *
tls_certificate = ${CERTIFICATE}
tls_privatekey = ${KEY}
message_size_limit = ${SIZE_LIMIT}
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
host_lookup =
keep_environment =
acl_smtp_rcpt = recipient
acl_smtp_data = content

begin acl
recipient:
  deny local_parts = refused
       message = no such user
  accept
content:
  accept

begin routers
everybody:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = ${MAIL}
  maildir_format
  envelope_to_add
  user = ${OWNER}
  group = ${OWNER}
`
}
