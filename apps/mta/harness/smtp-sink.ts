import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { listeningPorts } from './listening.ts'
import { until } from './until.ts'

/** smtp-sink(1) on a port of 127.0.0.1, with these switches. */
export class SmtpSink {
  readonly #child: ChildProcess
  readonly #directory: string
  #complaints = ''

  private constructor(port: number, switches: readonly string[]) {
    this.#directory = mkdtempSync(join(tmpdir(), 'smtp-sink-'))
    chmodSync(this.#directory, 0o777) // It gives up its rights.
    const user = process.getuid?.() === 0 ? ['-u', 'postfix'] : []
    const args = ['-d', 'dump.', ...user, ...switches, `127.0.0.1:${port}`, '100']
    const stdio = ['ignore', 'ignore', 'pipe'] as const
    this.#child = spawn('smtp-sink', args, { cwd: this.#directory, stdio: [...stdio] })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaints += chunk
    })
  }

  /** @param all The switches of each, by port. */
  static async startAll(all: ReadonlyMap<number, readonly string[]>): Promise<SmtpSink[]> {
    const sinks = Array.from(all, ([port, switches]) => new SmtpSink(port, switches))
    await until(
      () => {
        const ports = listeningPorts()
        return [...all.keys()].every((port) => ports.has(port))
      },
      () => sinks.map((sink) => sink.#complaints).join(''),
    )
    return sinks
  }

  /** A line for each header that it adds to what it takes: client, HELO, MAIL, RCPT. */
  taken(): string[] {
    return readdirSync(this.#directory).flatMap((name) => {
      const text = readFileSync(join(this.#directory, name), 'latin1')
      return text.match(/^X-(?:Client-Proto|Helo-Args|Mail-Args|Rcpt-Args): .*$/gm) ?? []
    })
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child
    if (exitCode === null && signalCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.kill()
      await exited
    }
    rmSync(this.#directory, { recursive: true })
  }
}
