import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

const RECIPIENT = /^RCPT TO:<([^>]*)>/i
const END_OF_DATA = '\r\n.\r\n'

/**
 * The least of an SMTP server: takes everything, without extensions, and answers at once. (The one
 * of the package smtp-server waits for 100 ms before it greets.)
 */
export class LineSink {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(onArrival: (recipient: string) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined) // The client may go without good-bye.
      serve(socket, onArrival)
    })
  }

  static async listen(onArrival: (recipient: string) => void): Promise<LineSink> {
    const sink = new LineSink(onArrival)
    sink.#server.listen(0, '127.0.0.1')
    await once(sink.#server, 'listening')
    return sink
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

/** The client waits for each reply, since it is not told of PIPELINING. */
function serve(socket: Socket, onArrival: (recipient: string) => void): void {
  let received = ''
  let recipients: string[] = []
  let inData = false
  socket.setNoDelay(true)
  socket.setEncoding('latin1')
  socket.write('220 sink ESMTP\r\n')
  socket.on('data', (text: string) => {
    received += text
    if (!received.endsWith(inData ? END_OF_DATA : '\r\n')) return
    const command = received
    received = ''
    const recipient = RECIPIENT.exec(command)?.[1]
    if (inData) for (const one of recipients.splice(0)) onArrival(one)
    else if (recipient !== undefined) recipients.push(recipient)
    else if (/^(?:MAIL|RSET)/i.test(command)) recipients = []
    if (!inData && /^QUIT/i.test(command)) return void socket.end('221 bye\r\n')
    inData = !inData && /^DATA/i.test(command)
    socket.write(inData ? '354 go ahead\r\n' : '250 ok\r\n')
  })
}
