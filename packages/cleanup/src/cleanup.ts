import { AddressMapping, type AddressMappingOptions } from './address-mapping.ts'
import type { CleanupOptions } from './cleanup-options.ts'
import type { CleanupOrigin } from './client.ts'
import type { ContentChecks } from './content-checks.ts'
import { headerRules, withoutAddresses } from './header-rules.ts'
import { MailDates } from './mail-dates.ts'
import { refusedMimeProblems } from './mime-problems.ts'
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
 * Turns received messages into queue files, as cleanup(8) does with mail of qmqpd(8) and
 * pickup(8): `Received:` header, missing headers, hop count, size limits, address completion and
 * mapping, duplicates, header and body checks.
 */
export class Cleanup {
  readonly #context: TransactionContext
  readonly #overridden = new Map<string, TransactionContext>() // Three, at most.

  /**
   * @param mapping Absent: no address is mapped.
   * @param checks Absent: no header and no body is looked up.
   */
  constructor(
    options: CleanupOptions,
    ports: CleanupPorts,
    mapping?: AddressMappingOptions,
    checks: ContentChecks = {},
  ) {
    const rules = headerRules(options.messageDropHeaders)
    this.#context = {
      options,
      ports,
      log: ports.log,
      rules,
      remoteRules: withoutAddresses(rules),
      checks,
      refusedMime: refusedMimeProblems(options, checks),
      dates: new MailDates(ports.zoneName),
      rewrite: ports.rewrite,
      rewriteExternal: ports.rewriteExternal,
      nullSender: ports.rewrite('MAILER-DAEMON').toLowerCase(),
      alwaysBcc: options.alwaysBcc,
      mapping: mapping === undefined ? undefined : new AddressMapping(mapping, ports.rewrite),
    }
  }

  /**
   * Opens a queue file, so that the client has a queue id before its first byte is read.
   *
   * @throws what `store.create` throws.
   */
  async open(origin: CleanupOrigin, overrides?: CleanupOverrides): Promise<CleanupTransaction> {
    const draft = await this.#context.ports.store.create()
    return new CleanupTransaction(this.#contextWith(overrides), origin, draft)
  }

  #contextWith(overrides: CleanupOverrides | undefined): TransactionContext {
    if (!overrides?.noAddressMappings && !overrides?.noHeaderBodyChecks) return this.#context
    const key = `${overrides.noAddressMappings} ${overrides.noHeaderBodyChecks}`
    let context = this.#overridden.get(key)
    if (context === undefined) {
      context = overridden(this.#context, overrides)
      this.#overridden.set(key, context)
    }
    return context
  }
}

function overridden(context: TransactionContext, overrides: CleanupOverrides): TransactionContext {
  return {
    ...context,
    ...(overrides.noAddressMappings && { alwaysBcc: '', mapping: undefined }),
    ...(overrides.noHeaderBodyChecks && {
      checks: {},
      refusedMime: new Map(),
      options: withoutContentOptions(context.options),
    }),
  }
}

function withoutContentOptions(options: CleanupOptions): CleanupOptions {
  const action = options.nonEmptyEndOfHeaderAction
  return {
    ...options,
    messageRejectCharacters: new Uint8Array(0),
    messageStripCharacters: new Uint8Array(0),
    nonEmptyEndOfHeaderAction: action === 'reject' ? 'fix_quietly' : action,
  }
}
