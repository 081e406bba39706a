import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type QmqpVerdict, submitMessage } from '@posthouse/qmqp-client'

import { writeConfiguration } from './configuration.ts'
import { type Arrival, Destination } from './destination.ts'
import { freePort, Posthouse } from './posthouse.ts'

/** Beside the usual parameters; `relayhost` is the scene's destination. */
export interface SceneOptions {
  readonly parameters?: Readonly<Record<string, string>>
  readonly masterCf?: (port: number) => string
  /** More files of the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** Resolves when it takes mail, where it does not log to standard output. */
  readonly started?: () => Promise<unknown>
}

/** A directory with a configuration, a destination, and a posthouse that relays to it. */
export class Scene {
  readonly directory: string
  readonly port: number
  readonly sinkPort: number
  readonly destination: Destination
  /** What arrived at the destination so far. */
  readonly arrivals: Arrival[]
  posthouse: Posthouse

  private constructor(parts: Pick<Scene, 'directory' | 'port' | 'sinkPort'>, from: Arrivals) {
    this.directory = parts.directory
    this.port = parts.port
    this.sinkPort = parts.sinkPort
    this.arrivals = from.arrivals
    this.destination = from.destination
    this.posthouse = from.posthouse
  }

  static async open(options: SceneOptions = {}): Promise<Scene> {
    const directory = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
    const arrivals: Arrival[] = []
    const destination = new Destination((arrival) => arrivals.push(arrival))
    const sinkPort = await destination.listen()
    const port = await freePort()
    const masterCf = options.masterCf?.(port)
    writeConfiguration(directory, {
      port,
      parameters: { relayhost: `[127.0.0.1]:${sinkPort}`, ...options.parameters },
      ...(masterCf === undefined ? {} : { masterCf }),
    })
    for (const [name, text] of Object.entries(options.files ?? {})) {
      writeFileSync(join(directory, 'conf', name), text)
    }
    const posthouse = await Posthouse.start(directory, options.started)
    return new Scene({ directory, port, sinkPort }, { arrivals, destination, posthouse })
  }

  submit(
    recipients: readonly string[],
    text = 'Subject: test\n\nbody\n',
    sender = 'sender@example.org',
  ): Promise<QmqpVerdict> {
    const message = { sender, recipients, content: Buffer.from(text) }
    return submitMessage({ host: '127.0.0.1', port: this.port }, message)
  }

  /** Starts it again on the same directory, after it ended. */
  async restart(): Promise<void> {
    this.posthouse = await Posthouse.start(this.directory)
  }

  async close(): Promise<void> {
    await this.posthouse.kill()
    await this.destination.close()
    rmSync(this.directory, { recursive: true, maxRetries: 3 })
  }
}

interface Arrivals {
  readonly arrivals: Arrival[]
  readonly destination: Destination
  readonly posthouse: Posthouse
}
