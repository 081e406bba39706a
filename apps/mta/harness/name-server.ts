import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

import { type Answer, decode, encode } from 'dns-packet'

/**
 * Records by name and type (`10 mx.test`, an address, `3 1 1 ab…`), or how the question fails. Of
 * names with `dnssec` `secure`, answers say that they were validated.
 */
export type Zone = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>

const HOST = '127.0.0.1'
const CODES: Readonly<Record<string, number>> = { NXDOMAIN: 3, TRYAGAIN: 2, NONRECOVERABLE: 9 }
const TRUNCATED = 0x200
const AUTHENTIC = 0x20
const UDP_OCTETS = 512
const TTL = 60

/**
 * A name server with a zone of its own, for everything. Names that it does not have do not exist;
 * of an alias it gives only where it leads. What is too large for UDP comes over TCP.
 */
export class NameServer {
  /** What was asked, as `MX d.test`. */
  readonly queries: string[] = []
  readonly port: number
  /** While it is true, questions get no answer. */
  isSilent = false
  #zone: Zone
  readonly #udp: Socket
  readonly #tcp: Server

  private constructor(zone: Zone, udp: Socket, tcp: Server) {
    this.#zone = zone
    this.#udp = udp
    this.#tcp = tcp
    this.port = udp.address().port
    udp.on('message', (query, { port, address }) => {
      if (this.isSilent) return
      const reply = this.#reply(query)
      const fits = reply.length <= UDP_OCTETS
      udp.send(fits ? reply : truncated(query), port, address)
    })
    tcp.on('connection', (socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (chunk: Buffer) => {
        const reply = this.#reply(chunk.subarray(2))
        socket.end(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]))
      })
    })
  }

  static async listen(zone: Zone): Promise<NameServer> {
    for (;;) {
      const udp = createSocket('udp4')
      udp.bind(0, HOST)
      await once(udp, 'listening')
      const tcp = createServer().listen(udp.address().port, HOST)
      try {
        await once(tcp, 'listening')
        return new NameServer(zone, udp, tcp)
      } catch {
        udp.close() // The port is taken for TCP: another one.
      }
    }
  }

  change(zone: Zone): void {
    this.#zone = zone
  }

  /** For resolv.conf(5). */
  get configuration(): string {
    return `nameserver [${HOST}]:${this.port}\nsearch search.test\noptions timeout:5 attempts:1\n`
  }

  async close(): Promise<void> {
    const closed = [once(this.#udp, 'close'), once(this.#tcp, 'close')]
    this.#udp.close()
    this.#tcp.close()
    await Promise.all(closed)
  }

  #reply(query: Buffer): Buffer {
    const { id = 0, questions = [] } = decode(query)
    const { name = '', type = 'A' } = questions[0] ?? {}
    this.queries.push(`${type} ${name}`)
    const entry = this.#zone[name.toLowerCase()]
    const alias = entry?.['CNAME']
    const data = alias ?? (entry === undefined ? 'NXDOMAIN' : (entry[type] ?? []))
    const code = typeof data === 'string' ? CODES[data] : 0
    if (code === undefined) throw new Error(`zone: ${name} ${type}: ${String(data)}`)
    const records = typeof data === 'string' ? [] : data
    const answers = records.map((text) => answer(name, alias === undefined ? type : 'CNAME', text))
    const flags = entry?.['dnssec'] === 'secure' ? code | AUTHENTIC : code
    return encode({ type: 'response', id, flags, questions, answers })
  }
}

function truncated(query: Buffer): Buffer {
  const { id = 0, questions = [] } = decode(query)
  return encode({ type: 'response', id, flags: TRUNCATED, questions })
}

function answer(name: string, type: string, text: string): Answer {
  const words = text.split(' ')
  const target = words.at(-1) ?? ''
  const [first = 0, weight = 0, port = 0] = words.map(Number)
  const owned = { name, ttl: TTL }
  switch (type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
      return { ...owned, type, data: text }
    case 'MX':
      return { ...owned, type, data: { preference: first, exchange: target } }
    case 'TLSA': {
      const [, selector = 0, matchingType = 0] = words.map(Number)
      const certificate = Buffer.from(target, 'hex')
      return { ...owned, type, data: { usage: first, selector, matchingType, certificate } }
    }
    case 'SRV':
      return { ...owned, type, data: { priority: first, weight, port, target } }
    default:
      throw new Error(`zone: ${name} ${type}`)
  }
}
