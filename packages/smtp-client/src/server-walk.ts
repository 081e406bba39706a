import type { FoundServers, MailServer } from '@posthouse/mx-lookup'

import type { TransactionRun } from './run-transaction.ts'

/** The limits of a walk (C-27); 0 is no limit. */
export interface WalkLimits {
  readonly mxAddressLimit: number
  readonly mxSessionLimit: number
}

/** What a walk does at its stations. */
export interface Walker {
  /** Nothing is left to be done: nobody is open, or there is no more time. */
  readonly isOver: boolean
  /** The servers that no kept session of this request has led to. */
  notYetReused(servers: readonly MailServer[]): readonly MailServer[]
  /** In a good session to the destination that was kept; undefined if none may be looked for. */
  reuseDestination(): Promise<TransactionRun | undefined> | undefined
  /** The same for one server. */
  reuseEndpoint(
    server: MailServer,
    nexthop: string,
  ): Promise<TransactionRun | undefined> | undefined
  /** In a new session; undefined if there is none, which was recorded then. */
  connect(
    server: MailServer,
    nexthop: string,
    bestPreference: boolean,
    final: boolean,
  ): Promise<TransactionRun | undefined>
  /** Sends the message, and sees to the end of the session. */
  transact(run: TransactionRun, final: boolean): Promise<void>
}

/** The servers of one destination, one after the other, up to the limits of C-27. */
export class ServerWalk {
  readonly #delivery: Walker
  readonly #limits: WalkLimits
  readonly #nexthop: string
  readonly #found: readonly MailServer[]
  readonly #lastDestination: boolean
  #servers: readonly MailServer[]
  #best = 0
  #addresses = 0
  #sessions = 0

  constructor(
    delivery: Walker,
    limits: WalkLimits,
    nexthop: string,
    found: FoundServers,
    lastDestination: boolean,
  ) {
    this.#delivery = delivery
    this.#limits = limits
    this.#nexthop = nexthop
    this.#lastDestination = lastDestination
    this.#found = found.servers
    this.#servers = delivery.notYetReused(found.servers)
  }

  /** Walks until the delivery is over or no server is left (C-32, C-120). */
  async run(): Promise<void> {
    const delivery = this.#delivery
    const pending = delivery.reuseDestination()
    if (pending !== undefined) await this.#use(await pending)
    if (delivery.isOver) return // Mostly, and more in this function is more memory for each walk.
    this.#best = Math.min(...this.#found.map(({ preference }) => preference))
    await this.#reuseBest()
    while (!delivery.isOver && this.#servers.length > 0) await this.#tryNext()
  }

  async #reuseBest(): Promise<void> {
    const delivery = this.#delivery
    for (const server of this.#servers.filter(({ preference }) => preference === this.#best)) {
      if (delivery.isOver || !this.#servers.includes(server)) continue
      await this.#use(await delivery.reuseEndpoint(server, this.#nexthop))
    }
  }

  /** Delivers in a session that was kept, if there is one. */
  #use(run: TransactionRun | undefined): Promise<void> | undefined {
    if (run === undefined) return undefined
    const { address } = run.session.server
    this.#servers = this.#servers.filter((server) => server.address !== address)
    this.#countAddress()
    this.#countSession()
    return this.#delivery.transact(run, this.#isFinal())
  }

  async #tryNext(): Promise<void> {
    const delivery = this.#delivery
    const [server, ...others] = this.#servers
    if (server === undefined) return
    this.#servers = others
    this.#countAddress()
    const best = server.preference === this.#best
    const run =
      (best ? undefined : await delivery.reuseEndpoint(server, this.#nexthop)) ??
      (await delivery.connect(server, this.#nexthop, best, this.#isFinal()))
    if (run === undefined) return
    this.#countSession()
    await delivery.transact(run, this.#isFinal())
  }

  #countAddress(): void {
    if (++this.#addresses === this.#limits.mxAddressLimit) this.#servers = []
  }

  #countSession(): void {
    if (++this.#sessions === this.#limits.mxSessionLimit) this.#servers = []
  }

  #isFinal(): boolean {
    return this.#lastDestination && this.#servers.length === 0
  }
}
