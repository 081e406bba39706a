import { LookupTableError } from './errors.ts'
import { LookupClient } from './network-lookup-client.ts'
import type { Exchange, LookupConnection } from './network-lookup-client-connection.ts'
import { parseInetEndpoint } from './network-lookup-client-endpoint.ts'
import { printableText } from './network-lookup-client-text.ts'
import type { LookupTable } from './table.ts'
import { TableText } from './table-text.ts'
import type { TableContext } from './table-type.ts'
import {
  encodeTcpRequest,
  MAX_REPLY_BYTES,
  type TcpReply,
  TcpReplyReader,
} from './tcp-table-protocol.ts'

/** A table that a server answers for. */
export interface NetworkTable extends LookupTable {
  lookup(key: string): Promise<string | undefined>
  /** Ends all connections. Lookups under way, waiting and to come are rejected. */
  close(): void
}

const ATTEMPTS = 10
const PAUSE_MS = 1000
const REPLY_LIMIT_MS = 100_000
// Postfix keeps a connection for good, and says under BUGS of tcp_table(5) that it should not.
const TIMES = { maxIdleMs: 100_000, maxLifetimeMs: Number.POSITIVE_INFINITY }
const MAX_LOGGED = 100

/**
 * Opens `tcp:host:port`: tcp_table(5), G-63. Connects when something is looked up; each lookup is
 * tried 10 times, 1 s apart, with 100 s for each try, and each failed try is a warning.
 *
 * Keys go out unchanged. A value ends at its first NUL, as in Postfix.
 *
 * @throws {LookupTableError} `unavailable`: `name` is wrong, or the purpose forbids the table.
 * Lookups reject with `lookup-failed`.
 */
export function openTcpTable(name: string, context: TableContext): NetworkTable {
  return new TcpTable(name, context)
}

class TcpTable implements NetworkTable {
  readonly kind = 'pattern'
  readonly #item: string
  readonly #server: string
  readonly #text: TableText
  readonly #client: LookupClient<TcpReply>
  readonly #warn: (text: string) => void

  constructor(name: string, { environment, purpose }: TableContext) {
    const item = `tcp:${name}`
    if (purpose.securitySensitive) {
      const reason = `${item} map is not allowed for security sensitive data`
      throw new LookupTableError('unavailable', { item, reason })
    }
    this.#item = item
    this.#server = name
    this.#warn = environment.warn
    this.#text = new TableText(item, environment)
    this.#client = new LookupClient({
      endpoint: parseInetEndpoint(name, item, environment.readFile),
      times: TIMES,
      clock: environment.clock,
      warn: environment.warn,
      fail: (reason) => this.#error(reason),
    })
  }

  lookup(key: string): Promise<string | undefined> {
    const bytes = this.#text.encodeKey(key)
    if (bytes === undefined) return Promise.resolve(undefined)
    const request = encodeTcpRequest(bytes)
    return this.#client.run((connection) => this.#ask(connection, request, key))
  }

  close(): void {
    this.#client.close()
  }

  async #ask(
    connection: LookupConnection<TcpReply>,
    request: Buffer,
    key: string,
  ): Promise<string | undefined> {
    for (let attempt = 1; ; attempt++) {
      const exchange = await connection.exchange(request, new TcpReplyReader(), REPLY_LIMIT_MS)
      if (exchange.kind === 'reply' && exchange.reply.kind !== 'too-long') {
        return this.#answer(exchange.reply, key)
      }
      const reason = this.#warnAbout(exchange)
      if (attempt === ATTEMPTS) throw this.#error(reason)
      await connection.pause(PAUSE_MS)
    }
  }

  #answer(reply: Exclude<TcpReply, { kind: 'too-long' }>, key: string): string | undefined {
    switch (reply.kind) {
      case 'found':
        return this.#text.decodeValue(key, reply.text)
      case 'not-found':
        return undefined
      case 'temporary':
        // Postfix does not log the server's reason. Without it nobody can tell what is wrong.
        this.#warn(`${this.#reading} temporary error: ${printable(reply.text)}`)
        throw this.#error('temporary error')
      case 'malformed':
        this.#warn(`${this.#reading} malformed reply: ${printable(reply.line)}`)
        throw this.#error('malformed reply')
      case 'bad-status':
        this.#warn(`${this.#reading} bad status code: ${printable(reply.line)}`)
        throw this.#error('bad status code')
    }
  }

  /** Warns about a try that may be repeated, and says in short why it failed. */
  #warnAbout(exchange: Exchange<TcpReply>): string {
    switch (exchange.kind) {
      case 'unreachable':
        if (exchange.unknown !== undefined) {
          this.#warn(`host or service ${this.#server} not found: ${exchange.unknown}`)
        }
        this.#warn(`connect to TCP map ${this.#server}: ${exchange.text}`)
        return exchange.unknown ?? exchange.text
      case 'lost':
        this.#warn(`${this.#reading} unexpected EOF (${exchange.text})`)
        return 'unexpected EOF'
      case 'late':
        this.#warn(`${this.#reading} unexpected EOF (Connection timed out)`)
        return 'Connection timed out'
      case 'reply':
        this.#warn(`${this.#reading} text longer than ${MAX_REPLY_BYTES}`)
        return `text longer than ${MAX_REPLY_BYTES} bytes`
    }
  }

  get #reading(): string {
    return `read TCP map reply from ${this.#server}:`
  }

  #error(problem: string): LookupTableError {
    const reason = `table ${this.#item} lookup error: ${problem}`
    return new LookupTableError('lookup-failed', { item: this.#item, reason })
  }
}

function printable(bytes: Buffer): string {
  return printableText(bytes.toString('utf8'), MAX_LOGGED, '_')
}
