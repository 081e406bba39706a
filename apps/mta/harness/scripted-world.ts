import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { submitMessage } from '@posthouse/qmqp-client'

import { masterCfFor, writeConfiguration } from './configuration.ts'
import { NameServer, type Zone } from './name-server.ts'
import { freePort, Posthouse } from './posthouse.ts'
import type { ScriptedNetwork } from './scripted-network.ts'

const PRELOAD = pathToFileURL(join(import.meta.dirname, 'scripted-network.ts')).href

/**
 * Where nobody listens. A free port is no such thing: the system soon gives it to a server of
 * another case, which then sees a connection that is not its own.
 */
export const CLOSED_PORT = 1023

/** A transport of its own for a domain. */
export interface Route {
  readonly domain: string
  /** As in transport_maps; the transport is named after the domain. */
  readonly nexthop: string
  /** `smtp` if absent. */
  readonly program?: 'smtp' | 'lmtp'
  /** Its `-o`. */
  readonly parameters?: Readonly<Record<string, string>>
}

export interface WorldOptions {
  /** Of the name server of the test. */
  readonly zone: Zone
  /** resolv.conf(5) that names another one. */
  readonly resolvConf?: string
  readonly routes: readonly Route[]
  readonly parameters?: Readonly<Record<string, string>>
  /** Ports of servers by the `address:port` at which the program shall find them. */
  readonly servers?: Readonly<Record<string, number>>
}

/** A posthouse that finds servers with a name server of the test. */
export class ScriptedWorld {
  readonly names: NameServer
  readonly posthouse: Posthouse
  readonly #directory: string
  readonly #port: number

  private constructor(
    names: NameServer,
    posthouse: Posthouse,
    place: { readonly directory: string; readonly port: number },
  ) {
    this.names = names
    this.posthouse = posthouse
    this.#directory = place.directory
    this.#port = place.port
  }

  static async open(options: WorldOptions): Promise<ScriptedWorld> {
    const { zone, routes, parameters, servers = {} } = options
    const directory = mkdtempSync(join(tmpdir(), 'posthouse-world-'))
    const port = await freePort()
    const names = await NameServer.listen(zone)
    const resolvConf = join(directory, 'resolv.conf')
    writeFileSync(resolvConf, options.resolvConf ?? names.configuration)
    const table = join(directory, 'transport')
    writeConfiguration(directory, {
      port,
      masterCf: masterCfFor(port) + routes.map(serviceLine).join(''),
      parameters: {
        myhostname: 'mta.client.test',
        inet_protocols: 'ipv4',
        transport_maps: `texthash:${table}`,
        ...parameters,
      },
    })
    const lines = routes.map(({ domain, nexthop }) => `${domain} ${domain}:${nexthop}\n`)
    writeFileSync(table, `${lines.join('')}sender.test retry:4.0.0 not here\n`)
    const network: ScriptedNetwork = { resolvConf, connect: servers, closedPort: CLOSED_PORT }
    const posthouse = await Posthouse.start(directory, undefined, {
      NODE_OPTIONS: `--import=${PRELOAD}`,
      SCRIPTED_NETWORK: JSON.stringify(network),
    })
    return new ScriptedWorld(names, posthouse, { directory, port })
  }

  /** Has resolv.conf(5) say something else. */
  writeResolvConf(text: string): void {
    writeFileSync(join(this.#directory, 'resolv.conf'), text)
  }

  /** @returns the queue id. */
  async submit(
    recipients: readonly string[],
    content: string | Buffer = 'Subject: test\n\nbody\n',
    sender = 's@sender.test',
  ): Promise<string> {
    const message = { sender, recipients, content: Buffer.from(content) }
    const reply = await submitMessage({ host: '127.0.0.1', port: this.#port }, message)
    const id = /queued as (\S+)/.exec(reply.text)?.[1]
    if (id === undefined) throw new Error(reply.text)
    return id
  }

  /** Lines about recipients of a message, when there are so many. */
  outcomes(id: string, count: number): Promise<string[]> {
    const pattern = new RegExp(` ${id}: to=<.*status=`)
    return this.posthouse.waitFor(
      () => {
        const lines = this.posthouse.log.filter((line) => pattern.test(line))
        return lines.length >= count ? lines.map(textOf) : undefined
      },
      () => `not ${count} outcomes of ${id}`,
    )
  }

  get queueDirectory(): string {
    return join(this.#directory, 'queue')
  }

  /** Lines of the client for SMTP, or for LMTP, since the start. */
  smtpLines(program: 'smtp' | 'lmtp' = 'smtp'): string[] {
    return this.posthouse.log.filter((line) => line.includes(`/${program}[`)).map(textOf)
  }

  async close(): Promise<void> {
    await this.posthouse.kill()
    await this.names.close()
    rmSync(this.#directory, { recursive: true, maxRetries: 3 })
  }
}

/** A line of master.cf. */
export function serviceLine({ domain, program = 'smtp', parameters = {} }: Route): string {
  const options = Object.entries(parameters).map(([name, value]) => ` -o { ${name} = ${value} }`)
  return `${domain} unix - - n - - ${program}${options.join('')}\n`
}

function textOf(line: string): string {
  return line.replace(/^.*?\/[sl]mtp\[\d+\]: /, '')
}
