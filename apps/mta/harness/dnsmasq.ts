import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { freePort } from './posthouse.ts'

/** A dnsmasq of its own, on a port of 127.0.0.1. */
export class Dnsmasq {
  readonly port: number
  /** The questions that it was asked, as `MX d.test`, in the words of its log. */
  readonly queries: string[] = []
  readonly #directory: string
  readonly #child: ChildProcess

  private constructor(port: number, directory: string) {
    this.port = port
    this.#directory = directory
    const file = join(directory, 'dnsmasq.conf')
    this.#child = spawn('/usr/sbin/dnsmasq', [`--conf-file=${file}`, '--keep-in-foreground'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  }

  /** @param lines of dnsmasq.conf(5), beside those that every instance has. */
  static async start(lines: readonly string[]): Promise<Dnsmasq> {
    const directory = mkdtempSync(join(tmpdir(), 'dnsmasq-'))
    const port = await freePort()
    const common = [
      `port=${port}`,
      'listen-address=127.0.0.1',
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      'pid-file=',
      `user=${userInfo().username}`,
      'log-facility=-',
      'log-queries',
    ]
    const text = [...common, ...lines].map((line) => `${line}\n`).join('')
    writeFileSync(join(directory, 'dnsmasq.conf'), text)
    const dnsmasq = new Dnsmasq(port, directory)
    await dnsmasq.#started()
    return dnsmasq
  }

  async #started(): Promise<void> {
    const said: string[] = []
    const started = new Promise<void>((resolve, reject) => {
      createInterface({ input: this.#child.stderr! }).on('line', (line) => {
        said.push(line)
        const [, type, name] = /query\[(\w+)\] (\S+) from/.exec(line) ?? []
        if (name !== undefined) this.queries.push(`${type} ${name}`)
        if (/: started, /.test(line)) resolve()
      })
      this.#child.on('exit', () => reject(new Error(said.join('\n'))))
    })
    await started
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill()
    await exited
    rmSync(this.#directory, { recursive: true })
  }
}
