import { once } from 'node:events'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { submitMessage } from '@posthouse/qmqp-client'

import { masterCfFor, writeConfiguration } from './configuration.ts'
import { freePort, freePorts, Posthouse } from './posthouse.ts'

const HOSTS = pathToFileURL(join(import.meta.dirname, 'recorded-hosts.ts')).href
// The file times of a configuration that nobody is just writing.
const LONG_AGO_SECONDS = 1_000_000_000

// How late a line may come, on a busy machine.
const LAST_LINE_MS = 5000

// Begins with a queue id.
const OF_A_MESSAGE = /^(?:warning: )?[0-9A-Za-z]{10,}: /

// What all recordings have in common: "main.cf" of each file.
const COMMON = {
  compatibility_level: '3.6',
  myhostname: 'mail.example.com',
  mydomain: 'example.com',
  mydestination: 'mail.example.com, localhost',
  inet_protocols: 'all',
  in_flow_delay: '0',
  qmqpd_error_delay: '0',
  qmqpd_authorized_clients: '127.0.0.0/8, [::1]',
}

export type Parameters = Readonly<Record<string, string>>

/** A line of master.cf for the QMQP server, and where clients find it. */
export interface ReplayService {
  readonly host: '127.0.0.1' | '::1'
  /** Its `-o`. */
  readonly parameters: Parameters
  readonly port: number
}

export interface ReplayOptions {
  /** Tables, by their names in the configuration directory. */
  readonly files: Parameters
  /** Beside those that all recordings have in common. */
  readonly parameters?: Parameters
  /** Where mail is delivered to, on 127.0.0.1. Without it, mail stays in `incoming`. */
  readonly destination?: number
}

/** A line of the log. */
export interface LogLine {
  /** Such as `postfix/qmqpd`. */
  readonly tag: string
  readonly text: string
}

/**
 * A posthouse with the configuration, and the host names, of the recordings. It keeps mail in
 * `incoming` unless it is told where to deliver it: there is room for one message in the active
 * queue, and that one is on its way to a destination that says nothing.
 */
export class Replay {
  readonly directory: string
  readonly #posthouse: Posthouse
  readonly #silence: Silence | undefined
  #ports: readonly number[] = []
  #at = 0

  private constructor(directory: string, posthouse: Posthouse, silence: Silence | undefined) {
    this.directory = directory
    this.#posthouse = posthouse
    this.#silence = silence
  }

  static async open({ files, parameters, destination }: ReplayOptions): Promise<Replay> {
    const directory = mkdtempSync(join(tmpdir(), 'posthouse-replay-'))
    const silence = destination === undefined ? await Silence.listen() : undefined
    const port = await freePort()
    const relay = silence?.parameters ?? { relayhost: `[127.0.0.1]:${destination}` }
    writeConfiguration(directory, { port, parameters: { ...COMMON, ...relay, ...parameters } })
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(directory, 'conf', name), text)
    }
    const environment = { TZ: 'UTC', NODE_OPTIONS: `--import=${HOSTS}` }
    const posthouse = await Posthouse.start(directory, undefined, environment)
    const replay = new Replay(directory, posthouse, silence)
    if (silence !== undefined) {
      await silence.fill(port)
      await posthouse.logged(/qmgr\[\d+\]: .*queue active/)
    }
    replay.takeLines()
    return replay
  }

  get configDirectory(): string {
    return join(this.directory, 'conf')
  }

  get queueDirectory(): string {
    return join(this.directory, 'queue')
  }

  /**
   * From now on there are these services, and these parameters of cleanup(8).
   *
   * @returns the services, with their ports, in the same order.
   */
  async configure(
    cleanup: Parameters,
    services: readonly Omit<ReplayService, 'port'>[],
  ): Promise<ReplayService[]> {
    if (this.#ports.length < services.length) this.#ports = await freePorts(services.length)
    const placed = services.map((service, at) => ({ ...service, port: this.#ports[at] ?? 0 }))
    const rest = masterCfFor(0)
      .split('\n')
      .filter((line) => !/^(\S+:0|cleanup) /.test(line))
    const file = join(this.configDirectory, 'master.cf')
    const lines = [
      ...placed.map(({ host, port, parameters }) => {
        const address = host === '::1' ? '[::1]' : host
        return `${address}:${port} inet n - n - - qmqpd${overrides(parameters)}`
      }),
      `cleanup unix n - n - 0 cleanup${overrides(cleanup)}`,
      ...rest,
    ]
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
    utimesSync(file, LONG_AGO_SECONDS, LONG_AGO_SECONDS)
    await this.#reload()
    return placed
  }

  async #reload(): Promise<void> {
    const start = this.#posthouse.log.length
    this.#posthouse.signal('SIGHUP')
    const outcome = await this.#posthouse.waitFor(
      () => this.#posthouse.log.slice(start).find((line) => /: (error: )?reload/.test(line)),
      () => 'no reload',
    )
    if (outcome.includes('error: ')) throw new Error(outcome)
    const late = this.takeLines().filter(({ text }) => OF_A_MESSAGE.test(text))
    if (late.length > 0) throw new Error(`too late: ${late.map(({ text }) => text).join('; ')}`)
  }

  /** Waits until what was logged since `takeLines` is enough, but not for long. */
  async settled(isEnough: (lines: readonly LogLine[]) => boolean): Promise<readonly LogLine[]> {
    await this.logged(isEnough, LAST_LINE_MS).catch(() => undefined)
    return this.takeLines()
  }

  /** Waits until what was logged since `takeLines` is enough. */
  async logged(
    isEnough: (lines: readonly LogLine[]) => boolean,
    patienceMs?: number,
  ): Promise<void> {
    const look = () => (isEnough(this.#lines()) ? true : undefined)
    await this.#posthouse.waitFor(look, () => 'not enough in the log', patienceMs)
  }

  /** What was logged since the last time. */
  takeLines(): readonly LogLine[] {
    const lines = this.#lines()
    this.#at = this.#posthouse.log.length
    return lines
  }

  #lines(): LogLine[] {
    return this.#posthouse.log.slice(this.#at).flatMap((line) => {
      const [, tag = '', text = ''] = /^.{15} \S+ (\S+)\[\d+\]: (.*)$/.exec(line) ?? []
      return this.#isOfInterest(tag) ? [{ tag, text }] : []
    })
  }

  /** The queue manager has only the one message to tell of, where nothing is delivered. */
  #isOfInterest(tag: string): boolean {
    if (this.#silence !== undefined) return /\/(qmqpd|cleanup)$/.test(tag)
    return tag !== '' && !tag.endsWith('/master')
  }

  async close(): Promise<void> {
    await this.#posthouse.kill()
    this.#silence?.close()
    rmSync(this.directory, { recursive: true, maxRetries: 3 })
  }
}

/** As options of a line of master.cf. */
function overrides(parameters: Parameters): string {
  const entries = Object.entries(parameters)
  return entries.map(([name, value]) => ` -o { ${name} = ${value} }`).join('')
}

/** A destination that accepts connections and says nothing: keeps the active queue full. */
class Silence {
  readonly #server: Server
  readonly #sockets: Socket[] = []

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      socket.on('error', () => undefined)
      this.#sockets.push(socket)
    })
  }

  static async listen(): Promise<Silence> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Silence(server)
  }

  get parameters(): Parameters {
    const { port } = this.#server.address() as AddressInfo
    return { relayhost: `[127.0.0.1]:${port}`, qmgr_message_active_limit: '1' }
  }

  /** Submits the one message. */
  async fill(port: number): Promise<void> {
    const message = { sender: '', recipients: ['a@example.org'], content: Buffer.from('\n') }
    const connected = once(this.#server, 'connection')
    await submitMessage({ host: '127.0.0.1', port }, message)
    await connected
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
