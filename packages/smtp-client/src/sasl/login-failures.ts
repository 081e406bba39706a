import { createHash } from 'node:crypto'

import type { Clock } from '@posthouse/clock'

import type { Login } from './find-login.ts'

/** What a server said to a login that will fail again. */
export interface LoginFailure {
  readonly status: string
  /** The reply in one line. */
  readonly said: string
}

interface Entry extends LoginFailure {
  readonly passwordHash: string
  readonly expiresMs: number
}

// For a new one the oldest is forgotten: the server will say it again.
const MAX_FAILURES = 1000

/** Logins that servers refused with 535: not tried again with the same password (C-74). */
export class LoginFailures {
  readonly #lifetimeMs: number
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  /** @param lifetimeMs 0 remembers nothing. */
  constructor(lifetimeMs: number, clock: Clock) {
    this.#lifetimeMs = lifetimeMs
    this.#clock = clock
  }

  find(serverName: string, login: Login): LoginFailure | undefined {
    const key = keyOf(serverName, login)
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const isValid =
      entry.expiresMs > this.#clock.now() && entry.passwordHash === hash(login.password)
    if (isValid) return entry
    this.#entries.delete(key)
    return undefined
  }

  remember(serverName: string, login: Login, failure: LoginFailure): void {
    if (this.#lifetimeMs === 0) return
    const key = keyOf(serverName, login)
    this.#entries.delete(key)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < MAX_FAILURES) break
      this.#entries.delete(oldest)
    }
    const expiresMs = this.#clock.now() + this.#lifetimeMs
    this.#entries.set(key, { ...failure, passwordHash: hash(login.password), expiresMs })
  }
}

function keyOf(serverName: string, { user }: Login): string {
  return `${serverName};${user}`
}

function hash(password: string): string {
  return createHash('sha256').update(password).digest('base64')
}
