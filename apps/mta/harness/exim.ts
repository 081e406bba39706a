import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { unpackedPeer } from './peers.ts'
import { freePorts } from './posthouse.ts'
import { Maildirs, type ReceivedMail, type Receiver, SIZE_LIMIT } from './receiver.ts'
import { RootDirectory } from './root-directory.ts'
import { certificatePath } from './secure-destination.ts'

const PROGRAM = '/usr/sbin/exim4'
const OWNER = 'Debian-exim'

/** Debian's Exim, in a root directory of its own. */
export class Exim implements Receiver {
  readonly port: number
  readonly portWithoutPipelining: number
  readonly #root: RootDirectory
  readonly #maildirs: Maildirs

  private constructor(port: number, portWithoutPipelining: number) {
    this.port = port
    this.portWithoutPipelining = portWithoutPipelining
    this.#root = new RootDirectory(unpackedPeer('exim4-daemon-light'), [PROGRAM])
    this.#maildirs = new Maildirs(join(this.#root.path, 'mail'))
    for (const path of ['/mail', '/var/spool/exim4']) this.#root.makeDirectory(path, OWNER)
    for (const name of ['good.pem', 'good.key']) {
      this.#root.write(
        `/certificates/${name}`,
        [readFileSync(certificatePath(name), 'utf8')],
        OWNER,
      )
    }
    this.#root.write('/etc/exim4/exim4.conf', [configuration(port, portWithoutPipelining)])
  }

  static async start(): Promise<Exim> {
    const [port = 0, other = 0] = await freePorts(2)
    const exim = new Exim(port, other)
    await exim.#root.start(other, PROGRAM, '-bdf', '-oP', '/tmp/exim.pid')
    return exim
  }

  received(): ReceivedMail[] {
    return this.#maildirs.received()
  }

  logText(): string {
    return (
      this.#root.output + readFileSync(join(this.#root.path, 'var/spool/exim4/mainlog'), 'utf8')
    )
  }

  stop(): Promise<void> {
    return this.#root.remove()
  }
}

function configuration(port: number, portWithoutPipelining: number): string {
  return `\
primary_hostname = exim.test
spool_directory = /var/spool/exim4
log_file_path = /var/spool/exim4/%slog
exim_user = ${OWNER}
exim_group = ${OWNER}
local_interfaces = <; 127.0.0.1
daemon_smtp_ports = ${port} : ${portWithoutPipelining}
pipelining_advertise_hosts = \${if eq{$received_port}{${port}}{*}{:}}
tls_advertise_hosts = *
tls_certificate = /certificates/good.pem
tls_privatekey = /certificates/good.key
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
  directory = /mail
  maildir_format
  envelope_to_add
  user = ${OWNER}
  group = ${OWNER}
`
}
