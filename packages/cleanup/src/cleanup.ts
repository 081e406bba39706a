import { AddressMapping, type AddressMappingOptions } from './address-mapping.ts'
import type { CleanupOptions } from './cleanup-options.ts'
import type { CleanupClient } from './client.ts'
import type { ContentChecks } from './content-checks.ts'
import { HeaderRules } from './header-rules.ts'
import { MailDates } from './mail-dates.ts'
import type { CleanupPorts } from './ports.ts'
import { CleanupTransaction, type TransactionContext } from './transaction.ts'

/** What one server does not want done: its `receive_override_options`. */
export interface CleanupOverrides {
  /** No maps, no masquerading, no automatic copies. */
  readonly noAddressMappings: boolean
  /** No header and body checks, no `message_reject_characters` and the like, nothing strict. */
  readonly noHeaderBodyChecks: boolean
}

/**
 * Turns received messages into queue files, as cleanup(8) does with mail of qmqpd(8): `Received:`
 * header, missing headers, hop count, size limits, address completion and mapping, duplicates.
 */
export class Cleanup {
  readonly #context: TransactionContext
  readonly #withoutMapping: TransactionContext

  /**
   * @param mapping Absent: no address is mapped.
   * @param checks Absent: no header and no body is checked.
   */
  constructor(
    options: CleanupOptions,
    ports: CleanupPorts,
    mapping?: AddressMappingOptions,
    checks: ContentChecks = {},
  ) {
    const context = {
      options,
      ports,
      log: ports.log,
      rules: new HeaderRules(options.messageDropHeaders),
      dates: new MailDates(ports.zoneName),
      rewrite: ports.rewrite,
      rewriteExternal: ports.rewriteExternal,
      nullSender: ports.rewrite('MAILER-DAEMON').toLowerCase(),
      alwaysBcc: options.alwaysBcc,
      checks,
      mapping: mapping === undefined ? undefined : new AddressMapping(mapping, ports.rewrite),
    }
    this.#context = context
    this.#withoutMapping = { ...context, alwaysBcc: '', mapping: undefined }
  }

  /**
   * Opens a queue file, so that the client has a queue id before its first byte is read.
   *
   * @throws what `store.create` throws.
   */
  async open(client: CleanupClient, overrides?: CleanupOverrides): Promise<CleanupTransaction> {
    const context = overrides?.noAddressMappings ? this.#withoutMapping : this.#context
    return new CleanupTransaction(context, client, await context.ports.store.create())
  }
}
