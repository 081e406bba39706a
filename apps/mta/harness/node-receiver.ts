import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

import { type ReceivedMail, type Receiver, SIZE_LIMIT } from './receiver.ts'
import { certificatePath } from './secure-destination.ts'

/** The smtp-server of npm. */
export class NodeReceiver implements Receiver {
  readonly port: number
  readonly portWithoutPipelining: number
  readonly #servers: readonly SMTPServer[]
  readonly #mail: ReceivedMail[]

  private constructor(servers: readonly SMTPServer[], ports: number[], mail: ReceivedMail[]) {
    const [port = 0, other = 0] = ports
    this.port = port
    this.portWithoutPipelining = other
    this.#servers = servers
    this.#mail = mail
  }

  static async start(): Promise<NodeReceiver> {
    const mail: ReceivedMail[] = []
    const servers = [false, true].map((hidePIPELINING) => createServer(hidePIPELINING, mail))
    return new NodeReceiver(servers, await Promise.all(servers.map(listen)), mail)
  }

  received(): ReceivedMail[] {
    return this.#mail
  }

  logText(): string {
    return ''
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      await new Promise<void>((resolve) => server.close(resolve))
    }
  }
}

function createServer(hidePIPELINING: boolean, mail: ReceivedMail[]): SMTPServer {
  return new SMTPServer({
    key: readFileSync(certificatePath('good.key')),
    cert: readFileSync(certificatePath('good.pem')),
    hidePIPELINING,
    size: SIZE_LIMIT,
    disabledCommands: ['AUTH'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 50,
    onRcptTo: ({ address }, _session, callback) => {
      if (!address.startsWith('refused@')) return callback()
      callback(Object.assign(new Error('no such user'), { responseCode: 550 }))
    },
    onData: (stream, session, callback) => {
      void buffer(stream).then((data) => {
        if (stream.sizeExceeded) {
          return callback(Object.assign(new Error('too large'), { responseCode: 552 }))
        }
        const content = data.toString('latin1').replaceAll('\r\n', '\n')
        mail.push(...session.envelope.rcptTo.map((one) => ({ recipient: one.address, content })))
        callback()
      })
    },
  })
}

function listen(server: SMTPServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    const listening = server.listen(0, '127.0.0.1', () => {
      resolve((listening.address() as AddressInfo).port)
    })
  })
}
