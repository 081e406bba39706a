import type { Logger } from '@posthouse/mail-log'

import type { DomainMatcher } from './domain-matcher.ts'
import { localDomains } from './local-domains.ts'
import { type Lookup, settled, withParameter } from './lookup.ts'
import type { AddressClass } from './resolution.ts'

/** The domain lists. */
export interface ClassifierOptions {
  /** `mydestination`, without parent style. */
  readonly mydestination: DomainMatcher
  /** IP addresses of `inet_interfaces` and `proxy_interfaces`, without brackets. */
  readonly ownAddresses: readonly string[]
  /** `virtual_alias_domains`. */
  readonly virtualAliasDomains: DomainMatcher
  /** `virtual_mailbox_domains`. */
  readonly virtualMailboxDomains: DomainMatcher
  /** `relay_domains`. */
  readonly relayDomains: DomainMatcher
  /** `helpful_warnings`: warn of domains that several lists claim. */
  readonly helpfulWarnings: boolean
}

interface DomainList {
  readonly parameter: string
  readonly addressClass: AddressClass
  readonly matches: DomainMatcher
}

/** Says which class a domain belongs to: the first list that has it decides (`G-146`). */
export class DomainClassifier {
  /** Whether a domain is local (`G-143`). */
  readonly isLocal: DomainMatcher
  readonly #lists: readonly DomainList[]
  readonly #helpfulWarnings: boolean
  readonly #log: Logger

  constructor(options: ClassifierOptions, log: Logger) {
    this.#helpfulWarnings = options.helpfulWarnings
    this.#log = log
    const mydestination = named('mydestination', options.mydestination)
    this.isLocal = localDomains(mydestination, options.ownAddresses)
    this.#lists = [
      list('virtual_alias_domains', 'alias', options.virtualAliasDomains),
      list('virtual_mailbox_domains', 'virtual', options.virtualMailboxDomains),
      list('relay_domains', 'relay', options.relayDomains),
    ]
  }

  /** The class of a domain that is not local. */
  *classOf(domain: string): Lookup<AddressClass> {
    for (const [at, { parameter, addressClass, matches }] of this.#lists.entries()) {
      if (!(yield* settled(matches(domain)))) continue
      this.#warn(domain, parameter, this.#lists.slice(at + 1))
      return addressClass
    }
    return 'default'
  }

  /** `relay_domains` may name local domains: until 3.0 its default did. */
  warnIfNotOnlyLocal(domain: string): void {
    this.#warn(domain, 'mydestination', this.#lists.slice(0, 2))
  }

  #warn(domain: string, parameter: string, others: readonly DomainList[]): void {
    if (!this.#helpfulWarnings) return
    this.#firstOf(others, domain).then(
      (other) => {
        if (other === undefined) return
        this.#log.warning(`do not list domain ${domain} in BOTH ${parameter} and ${other}`)
      },
      () => undefined, // Mail that needs the list will tell.
    )
  }

  // Nothing waits for it: mail need not, for the sake of a warning.
  async #firstOf(lists: readonly DomainList[], domain: string): Promise<string | undefined> {
    for (const { parameter, matches } of lists) {
      if (await matches(domain)) return parameter
    }
    return undefined
  }
}

function list(parameter: string, addressClass: AddressClass, matches: DomainMatcher): DomainList {
  return { parameter, addressClass, matches: named(parameter, matches) }
}

/** The same list, whose failure says which parameter it is of. */
function named(parameter: string, matches: DomainMatcher): DomainMatcher {
  const fail = (error: unknown): never => {
    throw withParameter(parameter, error)
  }
  return (domain) => {
    try {
      const answer = matches(domain)
      return answer instanceof Promise ? answer.catch(fail) : answer
    } catch (error) {
      return fail(error)
    }
  }
}
