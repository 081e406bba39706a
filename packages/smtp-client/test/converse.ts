import { connect, createServer, type Server } from 'node:net'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { onTestFinished } from 'vitest'

import { SmtpClient, type SmtpClientOptions, type SmtpClientPorts } from '../src/index.ts'
import { options as defaults } from './options.ts'

/** A server, and what happened there. */
interface Listening {
  readonly port: number
  readonly connections: number
  readonly heard: readonly string[]
}

/** Instead of a reply. */
export const SILENCE = ''

/** Gives these replies, the greeting first, one for each line that it hears, then says yes. */
async function listen(replies: readonly string[]): Promise<Listening> {
  const listening = { port: 0, connections: 0, heard: [] as string[] }
  const server: Server = createServer((socket) => {
    listening.connections++
    const left = [...replies]
    const say = (): void => {
      const reply = left.shift() ?? '250 2.0.0 ok'
      if (reply !== SILENCE) socket.write(`${reply}\r\n`)
    }
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
        listening.heard.push(line)
        say()
      }
    })
    say()
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address !== null && typeof address === 'object') listening.port = address.port
  return listening
}

/** What is unusual about a conversation. */
export interface Circumstances {
  readonly options?: Partial<SmtpClientOptions>
  readonly ports?: SmtpClientPorts
}

/** What becomes of a message for servers at port 25 with these replies, in order of preference. */
export async function converse(
  scripts: readonly (readonly string[])[],
  nexthop: string,
  { options, ports }: Circumstances = {},
) {
  const listening = await Promise.all(scripts.map(listen))
  const { logger, lines } = memoryLogger()
  const found = listening.map((_, at) => {
    return {
      name: `mx${at}`,
      address: `192.0.2.${at}`,
      family: 4,
      port: 25,
      preference: at,
    } as const
  })
  const client = new SmtpClient(
    { ...defaults, ...options },
    {
      lookup: () => ({ kind: 'found', servers: found, last: false }),
      connect: (address) => connect(listening[Number(address.slice(-1))]!.port, '127.0.0.1'),
      clock: systemClock,
      log: logger,
      ...ports,
    },
  )
  const deliver = () =>
    client.deliver({
      nexthop,
      sender: 's@a.test',
      recipients: [{ address: 'r@b.test' }],
      content: Buffer.from('Subject: x\n\nbody\n'),
    })
  const { outcomes, looping } = await deliver()
  return { outcome: outcomes[0]!, looping, lines, servers: listening, client, deliver }
}
