import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** What a message came with over SMTP, byte for byte (one octet per character in texts). */
export interface RecordedMessage {
  /** `MAIL FROM:<…>` with its parameters. */
  readonly mail: string
  /** `RCPT TO:<…>` with their parameters, in order. */
  readonly recipients: readonly string[]
  /** What stood between DATA and the line with the dot: dots still doubled, last CRLF included. */
  readonly data: Buffer
}

export interface SinkOptions {
  /** What EHLO offers. */
  readonly keywords?: readonly string[]
}

const KEYWORDS = ['PIPELINING', 'SIZE 100000000', '8BITMIME', 'SMTPUTF8', 'DSN']
const CRLF = Buffer.from('\r\n')
const END = Buffer.from('\r\n.\r\n')

/**
 * An SMTP server that keeps every byte and accepts everything. It reads as strictly as RFC 5321
 * 2.3.8 wants it: only CR LF ends a line, and only CR LF dot CR LF the data.
 */
export class RecordingSink {
  readonly messages: RecordedMessage[] = []
  /** All that came, a buffer for each connection. */
  readonly sessions: SinkSession[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(keywords: readonly string[]) {
    const greeting = ['sink.example', ...keywords]
    const ehlo = greeting.map((word, at) => `250${at === greeting.length - 1 ? ' ' : '-'}${word}`)
    this.#server = createServer((socket) => {
      socket.setNoDelay(true)
      socket.on('error', () => undefined) // The client may go without good-bye.
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      const session = new SinkSession(`${ehlo.join('\r\n')}\r\n`, (one) => this.messages.push(one))
      this.sessions.push(session)
      socket.write('220 sink.example ESMTP\r\n')
      socket.on('data', (chunk: Buffer) => {
        const replies = session.push(chunk)
        if (replies !== '') socket.write(replies)
        if (session.over) socket.end()
      })
    })
  }

  static async listen({ keywords = KEYWORDS }: SinkOptions = {}): Promise<RecordingSink> {
    const sink = new RecordingSink(keywords)
    sink.#server.listen(0, '127.0.0.1')
    await once(sink.#server, 'listening')
    return sink
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What was wrong with the protocol, in all sessions. */
  get faults(): string[] {
    return this.sessions.flatMap(({ faults }) => faults)
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** One connection, without I/O: bytes in, replies out. */
export class SinkSession {
  readonly chunks: Buffer[] = []
  readonly faults: string[] = []
  /** How many messages came. */
  messageCount = 0
  over = false
  readonly #ehlo: string
  readonly #onMessage: (message: RecordedMessage) => void
  #pending = Buffer.alloc(0)
  #searched = 0
  #inData = false
  #mail: string | undefined
  #recipients: string[] = []

  constructor(ehlo: string, onMessage: (message: RecordedMessage) => void) {
    this.#ehlo = ehlo
    this.#onMessage = onMessage
  }

  push(chunk: Buffer): string {
    this.chunks.push(chunk)
    this.#pending = Buffer.concat([this.#pending, chunk])
    let replies = ''
    for (let reply = this.#next(); reply !== undefined; reply = this.#next()) replies += reply
    return replies
  }

  #next(): string | undefined {
    const mark = this.#inData ? END : CRLF
    const at = this.#pending.indexOf(mark, this.#searched)
    if (at < 0) {
      this.#searched = Math.max(0, this.#pending.length - mark.length)
      return undefined
    }
    const found = this.#pending.subarray(0, at)
    // The line end before the data is that of DATA, so that data may be empty.
    const keep = !this.#inData && isData(found) ? at : at + mark.length
    this.#pending = this.#pending.subarray(keep)
    this.#searched = 0
    return this.#inData ? this.#endData(found) : this.#command(found.toString('latin1'))
  }

  #endData(found: Buffer): string {
    this.#inData = false
    this.messageCount += 1
    const data = Buffer.concat([found, CRLF]).subarray(CRLF.length)
    this.#onMessage({ mail: this.#mail ?? '', recipients: this.#recipients, data })
    this.#reset()
    return '250 2.0.0 ok\r\n'
  }

  #command(line: string): string {
    if (/[\r\n\0]/.test(line)) this.#fault('a stray byte in', line)
    const [verb = ''] = line.split(' ')
    switch (verb) {
      case 'EHLO':
      case 'RSET':
        this.#reset()
        return verb === 'EHLO' ? this.#ehlo : '250 2.0.0 ok\r\n'
      case 'MAIL':
        if (this.#mail !== undefined) this.#fault('a second', line)
        this.#mail = line
        return '250 2.1.0 ok\r\n'
      case 'RCPT':
        if (this.#mail === undefined) this.#fault('no MAIL before', line)
        this.#recipients.push(line)
        return '250 2.1.5 ok\r\n'
      case 'DATA':
        if (this.#recipients.length === 0) this.#fault('no RCPT before', line)
        this.#inData = true
        return '354 go ahead\r\n'
      case 'QUIT':
        this.over = true
        return '221 2.0.0 bye\r\n'
      default:
        this.#fault('unknown', line)
        return '500 5.5.2 unknown\r\n'
    }
  }

  #fault(what: string, line: string): void {
    this.faults.push(`${what} ${JSON.stringify(line)}`)
  }

  #reset(): void {
    this.#mail = undefined
    this.#recipients = []
  }
}

function isData(line: Buffer): boolean {
  return line.length === 4 && line.toString('latin1') === 'DATA'
}
