import { encodeNetstring } from '@posthouse/netstring'

import { LookupTableError } from './errors.ts'
import { LookupClient } from './network-lookup-client.ts'
import type { Exchange, LookupConnection } from './network-lookup-client-connection.ts'
import { type Endpoint, parseInetEndpoint } from './network-lookup-client-endpoint.ts'
import { printableText } from './network-lookup-client-text.ts'
import { type SocketmapReply, SocketmapReplyReader } from './socketmap-table-protocol.ts'
import { TableText } from './table-text.ts'
import type { TableContext, TableEnvironment } from './table-type.ts'
import type { NetworkTable } from './tcp-table.ts'

const MAX_QUERY_BYTES = 10_000
const LIMIT_MS = 100_000
const TIMES = { maxIdleMs: 10_000, maxLifetimeMs: 100_000 }
const MAX_LOGGED = 1000
const MAX_LOGGED_QUERY = 100

/**
 * Opens `socketmap:inet:host:port:NAME` or `socketmap:unix:path:NAME`: socketmap_table(5), G-64.
 * Connects when something is looked up; a lookup has 100 s, in which it is tried a second time if
 * the server closes the connection before it has replied.
 *
 * Keys go out unchanged. A query above 10,000 bytes is not sent: not found, with a warning. A
 * value ends at its first NUL, as in Postfix.
 *
 * @throws {LookupTableError} `unavailable`: `name` is wrong, or the purpose forbids the table.
 * Lookups reject with `lookup-failed`.
 */
export function openSocketmapTable(name: string, context: TableContext): NetworkTable {
  return new SocketmapTable(name, context)
}

class SocketmapTable implements NetworkTable {
  readonly kind = 'pattern'
  readonly #item: string
  readonly #endpoint: Endpoint
  readonly #prefix: Buffer
  readonly #text: TableText
  readonly #client: LookupClient<SocketmapReply>
  readonly #environment: TableEnvironment

  constructor(name: string, { environment, purpose }: TableContext) {
    const item = `socketmap:${name}`
    if (purpose.securitySensitive) {
      const reason = `${item} map is not allowed for security sensitive data`
      throw new LookupTableError('unavailable', { item, reason })
    }
    const colon = name.lastIndexOf(':')
    if (colon < 0) {
      const reason = 'socketmap requires server:socketmap argument'
      throw new LookupTableError('unavailable', { item, reason })
    }
    this.#item = item
    this.#endpoint = parseServer(name.slice(0, colon), item, environment)
    this.#prefix = Buffer.from(`${name.slice(colon + 1)} `)
    this.#environment = environment
    this.#text = new TableText(item, environment)
    this.#client = new LookupClient({
      endpoint: this.#endpoint,
      times: TIMES,
      clock: environment.clock,
      warn: environment.warn,
      fail: (reason) => this.#error(`table ${item} lookup error: ${reason}`),
    })
  }

  lookup(key: string): Promise<string | undefined> {
    const bytes = this.#text.encodeKey(key)
    if (bytes === undefined) return Promise.resolve(undefined)
    const query = Buffer.concat([this.#prefix, bytes])
    if (query.length > MAX_QUERY_BYTES) {
      const start = printableText(query.toString('utf8'), MAX_LOGGED_QUERY, '?')
      const problem = `query too large: '${start}...', returning 'not found'`
      this.#environment.warn(`table ${this.#item} ${problem}`)
      return Promise.resolve(undefined)
    }
    const request = encodeNetstring(query)
    return this.#client.run((connection) => this.#ask(connection, request, key))
  }

  close(): void {
    this.#client.close()
  }

  async #ask(
    connection: LookupConnection<SocketmapReply>,
    request: Buffer,
    key: string,
  ): Promise<string | undefined> {
    const { clock } = this.#environment
    const endMs = clock.now() + LIMIT_MS
    let exchange = await connection.exchange(request, new SocketmapReplyReader(), LIMIT_MS)
    if (exchange.kind === 'lost') {
      const leftMs = endMs - clock.now()
      exchange = await connection.exchange(request, new SocketmapReplyReader(), leftMs)
    }
    if (exchange.kind === 'reply') return this.#answer(exchange.reply, key)
    throw this.#lookupError(this.#describe(exchange))
  }

  #answer(reply: SocketmapReply, key: string): string | undefined {
    switch (reply.kind) {
      case 'found':
        return this.#text.decodeValue(key, reply.text)
      case 'not-found':
        return undefined
      case 'too-large':
        throw this.#lookupError('input exceeds size limit')
      case 'malformed':
        throw this.#lookupError('input format error')
      default: {
        const reason = `${this.#item} socketmap server ${reply.kind} error`
        const text = printableText(reply.text.toString('utf8'), MAX_LOGGED, '?')
        this.#environment.warn(text === '' ? reason : `${reason}: ${text}`)
        throw this.#error(reason)
      }
    }
  }

  #describe(exchange: Exclude<Exchange<SocketmapReply>, { kind: 'reply' }>): string {
    const { warn } = this.#environment
    const { text } = this.#endpoint
    if (exchange.kind === 'lost') return 'unexpected disconnect'
    if (exchange.kind === 'late') return 'time limit exceeded'
    if (exchange.unknown !== undefined) {
      warn(`host or service ${text} not found: ${exchange.unknown}`)
    }
    warn(`connect to ${text}: ${exchange.text}`)
    return exchange.text
  }

  #lookupError(problem: string): LookupTableError {
    const reason = `table ${this.#item} lookup error: ${problem}`
    this.#environment.warn(reason)
    return this.#error(reason)
  }

  #error(reason: string): LookupTableError {
    return new LookupTableError('lookup-failed', { item: this.#item, reason })
  }
}

/** `inet:host:port` or `unix:path`, also called `local:path`. The texts are Postfix's. */
function parseServer(server: string, item: string, { readFile }: TableEnvironment): Endpoint {
  const [, transport = '', text = ''] = /^([^:]*):(.+)$/s.exec(server) ?? []
  let reason = `need service transport:endpoint instead of "${server}"`
  if (text !== '') {
    if (transport === 'inet') return parseInetEndpoint(text, item, readFile)
    if (transport === 'unix' || transport === 'local') return { kind: 'unix', path: text, text }
    reason = `invalid transport name: ${transport} in service: ${server}`
  }
  throw new LookupTableError('unavailable', { item, reason })
}
