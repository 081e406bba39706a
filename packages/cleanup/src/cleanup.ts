import type { CleanupOptions } from './cleanup-options.ts'
import type { CleanupClient } from './client.ts'
import { HeaderRules } from './header-rules.ts'
import { MailDates } from './mail-dates.ts'
import type { CleanupPorts } from './ports.ts'
import { CleanupTransaction, type TransactionContext } from './transaction.ts'

/**
 * Turns received messages into queue files, as cleanup(8) does with mail of qmqpd(8): `Received:`
 * header, missing headers, hop count, size limits, address completion, duplicate filter.
 */
export class Cleanup {
  readonly #context: TransactionContext

  constructor(options: CleanupOptions, ports: CleanupPorts) {
    this.#context = {
      options,
      ports,
      log: ports.log,
      rules: new HeaderRules(options.messageDropHeaders),
      dates: new MailDates(ports.zoneName),
      nullSender: ports.rewrite('MAILER-DAEMON').toLowerCase(),
    }
  }

  /**
   * Opens a queue file, so that the client has a queue id before its first byte is read.
   *
   * @throws what `store.create` throws.
   */
  async open(client: CleanupClient): Promise<CleanupTransaction> {
    return new CleanupTransaction(this.#context, client, await this.#context.ports.store.create())
  }
}
