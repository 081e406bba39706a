import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePorts } from './posthouse.ts'
import { QueueingPostfix } from './queueing-postfix.ts'
import { Maildirs, type ReceivedMail, type Receiver, SIZE_LIMIT } from './receiver.ts'
import { certificatePath } from './secure-destination.ts'

const NOBODY = 65_534

/** Debian's Postfix: smtpd(8), and virtual(8) for the mailboxes. Needs root. */
export class PostfixReceiver implements Receiver {
  readonly port: number
  readonly portWithoutPipelining: number
  readonly #postfix: QueueingPostfix
  readonly #mail: string
  readonly #maildirs: Maildirs

  private constructor(ports: readonly number[], mail: string, postfix: QueueingPostfix) {
    const [port = 0, other = 0] = ports
    this.port = port
    this.portWithoutPipelining = other
    this.#mail = mail
    this.#maildirs = new Maildirs(mail)
    this.#postfix = postfix
  }

  static async start(): Promise<PostfixReceiver> {
    const ports = await freePorts(2)
    const mail = mkdtempSync(join(tmpdir(), 'postfix-receiver-'))
    mkdirSync(join(mail, 'box'))
    for (const path of [mail, join(mail, 'box')]) chownSync(path, NOBODY, NOBODY)
    const parameters = {
      myhostname: 'postfix.test',
      mydestination: '',
      alias_maps: '',
      virtual_mailbox_domains: 'regexp:{{/./ all}}',
      virtual_mailbox_base: mail,
      virtual_mailbox_maps: 'static:box/',
      virtual_uid_maps: `static:${NOBODY}`,
      virtual_gid_maps: `static:${NOBODY}`,
      message_size_limit: String(SIZE_LIMIT),
      virtual_mailbox_limit: '0',
      smtpd_recipient_restrictions: 'check_recipient_access inline:{refused@=REJECT}, permit',
      smtpd_client_event_limit_exceptions: 'static:all',
      smtpd_tls_cert_file: certificatePath('good.pem'),
      smtpd_tls_key_file: certificatePath('good.key'),
      smtpd_tls_security_level: 'may',
    }
    const postfix = await QueueingPostfix.start(parameters, services(ports))
    return new PostfixReceiver(ports, mail, postfix)
  }

  received(): ReceivedMail[] {
    return this.#maildirs.received()
  }

  logText(): string {
    return this.#postfix.logText()
  }

  async stop(): Promise<void> {
    await this.#postfix.stop()
    rmSync(this.#mail, { recursive: true })
  }
}

function services([port, other]: readonly number[]): string {
  return `\
127.0.0.1:${port} inet n - n - - smtpd
127.0.0.1:${other} inet n - n - - smtpd -o smtpd_discard_ehlo_keywords=pipelining
qmgr unix n - n 300 1 qmgr
defer unix - - n - 0 bounce
virtual unix - n n - - virtual
tlsmgr unix - - n 1000? 1 tlsmgr
flush unix n - n 1000? 0 flush
`
}
