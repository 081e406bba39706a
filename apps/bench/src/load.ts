import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { submitMessage } from '@posthouse/qmqp-client'

/** What one run hands in: as many sessions side by side, one message each. */
export interface Load {
  readonly messages: number
  readonly sessions: number
  readonly messageBytes: number
}

/** Takes mail over SMTP, throws it away and counts it. */
export interface Sink {
  readonly port: number
  /** Messages received since the start. */
  received(): number
  stop(): void
}

const SENDER = 's@example.org'
const RECIPIENT = 'r@example.net'

/** `smtp-sink` of Postfix. @param countFile where it writes how much it has had. */
export function startSmtpSink(port: number, countFile: string): Sink {
  const user = process.getuid?.() === 0 ? ['-u', 'postfix'] : []
  return countingSink('smtp-sink', ['-c', ...user, `127.0.0.1:${port}`, '1000'], port, countFile)
}

/** A sink of our own, for where `smtp-sink` is not installed. */
export function startOwnSink(port: number, countFile: string): Sink {
  const script = fileURLToPath(new URL('./own-sink.ts', import.meta.url))
  return countingSink(process.execPath, [script, String(port)], port, countFile)
}

// Through a file, and looked at now and then: a pipe would wake this process for every message.
function countingSink(
  command: string,
  args: readonly string[],
  port: number,
  countFile: string,
): Sink {
  const file = openSync(countFile, 'w+')
  const child = spawn(command, args, { stdio: ['ignore', file, 'inherit'] })
  const tail = Buffer.alloc(100)
  return {
    port,
    received: () => {
      const length = readSync(file, tail, 0, tail.length, Math.max(0, fstatSync(file).size - 100))
      const counts = tail.toString('latin1', 0, length).matchAll(/mesg=(\d+)\r/g)
      return Number([...counts].at(-1)?.[1] ?? 0)
    },
    stop: () => {
      child.kill('SIGTERM')
      closeSync(file)
    },
  }
}

/** `qmqp-source` of Postfix. Rejects unless every message is accepted. */
export async function runQmqpSource(port: number, load: Load): Promise<void> {
  const options = { s: load.sessions, m: load.messages, l: load.messageBytes }
  const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, String(value)])
  const addresses = ['-f', SENDER, '-t', RECIPIENT, `127.0.0.1:${port}`]
  await promisify(execFile)('qmqp-source', [...args, ...addresses], { timeout: 300_000 })
}

/** The same load from this process, for where `qmqp-source` is not installed. */
export async function runOwnSource(port: number, load: Load): Promise<void> {
  const message = {
    sender: SENDER,
    recipients: [RECIPIENT],
    content: Buffer.from(
      `Subject: bench\n\n${'X'.repeat(78)}\n`.padEnd(load.messageBytes - 1, 'X\n'),
    ),
  }
  let left = load.messages
  const session = async (): Promise<void> => {
    while (left-- > 0) {
      const reply = await submitMessage({ host: '127.0.0.1', port }, message)
      if (reply.kind !== 'accepted') throw new Error(`not accepted: ${reply.text}`)
    }
  }
  await Promise.all(Array.from({ length: load.sessions }, session))
}

/** Waits until something listens there. */
export async function waitForPort(port: number, patienceMs = 10_000): Promise<void> {
  for (const endMs = performance.now() + patienceMs; performance.now() < endMs; ) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    } finally {
      socket.destroy()
    }
  }
  throw new Error(`nothing listens on port ${port}`)
}
