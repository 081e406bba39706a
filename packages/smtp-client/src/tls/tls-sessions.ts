import type { Clock } from '@posthouse/clock'

import type { PeerIdentity } from './peer-check.ts'

/** What is kept of a handshake, to make the next one short. */
export interface ResumableSession {
  readonly session: Buffer
  /** What the full handshake proved; a resumed one shows no certificate. */
  readonly identity: PeerIdentity
}

/** Told what becomes of a session: the words around its name in the log (C-154). */
export type TellSession = (before: string, behind: string) => void

/** The place of one server and policy among the sessions. */
export interface SessionSlot {
  readonly find: () => ResumableSession | undefined
  readonly keep: (session: Buffer, identity: PeerIdentity) => void
  /** After a handshake that failed: it may have been the session. */
  readonly forget: () => void
}

const EMPTY_SLOT: SessionSlot = {
  find: () => undefined,
  keep: () => undefined,
  forget: () => undefined,
}

// About 2 kB each. For a new server the one that was stored first is forgotten.
const MAX_SESSIONS = 1000

/** TLS sessions by server and policy, in memory (C-150). */
export class TlsSessions {
  readonly #lifetimeMs: number
  readonly #clock: Clock
  readonly #entries = new Map<string, ResumableSession & { readonly expiresMs: number }>()

  /** @param lifetimeMs 0 keeps nothing. */
  constructor(lifetimeMs: number, clock: Clock) {
    this.#lifetimeMs = lifetimeMs
    this.#clock = clock
  }

  /** @param tell absent: nobody wants to know. */
  slot(key: string, tell?: TellSession): SessionSlot {
    if (this.#lifetimeMs === 0) return EMPTY_SLOT
    return {
      find: () => {
        tell?.('looking for', 'in')
        const found = this.#find(key)
        if (found !== undefined) tell?.('reloaded', 'from')
        return found
      },
      keep: (session, identity) => {
        this.#store(key, session, identity)
        tell?.('save', 'to')
      },
      forget: () => {
        if (this.#entries.delete(key)) tell?.('remove', 'from')
      },
    }
  }

  #find(key: string): ResumableSession | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expiresMs > this.#clock.now()) return entry
    this.#entries.delete(key)
    return undefined
  }

  #store(key: string, session: Buffer, identity: PeerIdentity): void {
    this.#entries.delete(key) // Stored anew it is the youngest.
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < MAX_SESSIONS) break
      this.#entries.delete(oldest)
    }
    const expiresMs = this.#clock.now() + this.#lifetimeMs
    this.#entries.set(key, { session, identity, expiresMs })
  }
}
