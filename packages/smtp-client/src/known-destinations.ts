import { Destinations, type LookupContext } from './destinations.ts'

// Next hops are read once; more than this are forgotten together.
const MAX_KNOWN = 1000

/** The destinations of all next hops that requests have had. */
export class KnownDestinations {
  readonly #context: LookupContext
  readonly #known = new Map<string, Destinations>()

  constructor(context: LookupContext) {
    this.#context = context
  }

  of(nexthop: string): Destinations {
    const known = this.#known.get(nexthop)
    if (known !== undefined) return known
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    const destinations = new Destinations(this.#context, nexthop)
    this.#known.set(nexthop, destinations)
    return destinations
  }
}
