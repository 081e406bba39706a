import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a server does next: `['send', line, ...]`, `['expect', command]`, `['close']`, ... */
export type ScriptStep = readonly (string | number)[]

/** A server for SMTP or LMTP that follows a script for each of its connections, one by one. */
export class ScriptedServer {
  /** 0 of one that has a path. */
  readonly port: number
  /** For each connection the lines that the client sent. */
  readonly received: string[][] = []
  /** For each connection the address that it came from. */
  readonly sources: (string | undefined)[] = []
  readonly #server: Server

  private constructor(server: Server, scripts: readonly (readonly ScriptStep[])[]) {
    this.#server = server
    const address = server.address()
    this.port = address !== null && typeof address === 'object' ? address.port : 0
    server.on('connection', (socket) => {
      const lines: string[] = []
      const script = scripts[this.received.length] ?? [['close']]
      this.received.push(lines)
      this.sources.push(socket.remoteAddress)
      void play(script, socket, lines)
    })
  }

  /** @param path of a socket that anybody may connect to; without it there is a port. */
  static async listen(
    scripts: readonly (readonly ScriptStep[])[],
    path?: string,
  ): Promise<ScriptedServer> {
    const place = path === undefined ? { port: 0, host: '127.0.0.1' } : { path, writableAll: true }
    const server = createServer({ noDelay: true }).listen(place)
    await once(server, 'listening')
    return new ScriptedServer(server, scripts)
  }

  close(): void {
    this.#server.close()
  }
}

async function play(script: readonly ScriptStep[], socket: Socket, lines: string[]): Promise<void> {
  const reader = new LineReader(socket, lines)
  for (const [kind, ...words] of script) {
    switch (kind) {
      case 'send':
        socket.write(`${words.join('\r\n')}\r\n`)
        break
      case 'send-raw':
        socket.write(String(words[0]), 'latin1')
        break
      case 'wait-seconds':
        await sleep(Number(words[0]) * 1000)
        break
      case 'expect':
        await reader.next()
        break
      case 'expect-message':
        while ((await reader.next()) !== '.' && !reader.ended);
        break
      case 'wait-close':
        while (!reader.ended) await reader.next()
        break
      case 'close':
        socket.destroySoon()
        break
      default:
        throw new Error(`unknown step ${kind}`)
    }
  }
  socket.destroySoon()
}

class LineReader {
  ended = false
  readonly #lines: string[]
  #at = 0
  #wake: () => void = () => undefined

  constructor(socket: Socket, lines: string[]) {
    this.#lines = lines
    let rest = ''
    socket.on('data', (chunk: Buffer) => {
      const received = (rest + chunk.toString('latin1')).split('\r\n')
      rest = received.pop() ?? ''
      lines.push(...received.map((line) => Buffer.from(line, 'latin1').toString()))
      this.#wake()
    })
    const end = (): void => {
      this.ended = true
      this.#wake()
    }
    socket.on('end', end)
    socket.on('error', end)
    socket.on('close', end)
  }

  /** The next line, or undefined at the end. */
  async next(): Promise<string | undefined> {
    while (this.#at >= this.#lines.length && !this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#lines[this.#at++]
  }
}
