import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { freePort } from './posthouse.ts'

const run = promisify(execFile)

/** A private Postfix that receives mail with QMQP and keeps it in its queue. Needs root. */
export class QueueingPostfix {
  readonly directory: string
  readonly port: number

  private constructor(directory: string, port: number) {
    this.directory = directory
    this.port = port
  }

  /** @param services Lines of master.cf, for those that shall deliver as well. */
  static async start(
    parameters: Readonly<Record<string, string>>,
    services = '',
  ): Promise<QueueingPostfix> {
    const directory = mkdtempSync(join(tmpdir(), 'queueing-postfix-'))
    chmodSync(directory, 0o755) // Its programs run as another user.
    for (const name of ['conf', 'queue', 'data']) mkdirSync(join(directory, name), { mode: 0o755 })
    execFileSync('chown', ['postfix', join(directory, 'data')])
    const port = await freePort()
    const lines = Object.entries({
      compatibility_level: '3.6',
      queue_directory: join(directory, 'queue'),
      data_directory: join(directory, 'data'),
      command_directory: '/usr/sbin',
      daemon_directory: '/usr/lib/postfix/sbin',
      setgid_group: 'postdrop',
      maillog_file: join(directory, 'log'),
      maillog_file_prefixes: directory,
      inet_interfaces: '127.0.0.1',
      qmqpd_authorized_clients: '127.0.0.1',
      qmqpd_error_delay: '0',
      in_flow_delay: '0',
      ...parameters,
    })
    const mainCf = lines.map(([name, value]) => `${name} = ${value}\n`).join('')
    writeFileSync(join(directory, 'conf/main.cf'), mainCf)
    writeFileSync(join(directory, 'conf/master.cf'), masterCf(port) + services)
    await run('postfix', ['-c', join(directory, 'conf'), 'start'])
    return new QueueingPostfix(directory, port)
  }

  /** All that was logged so far. */
  logText(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8')
  }

  async stop(): Promise<void> {
    await run('postfix', ['-c', join(this.directory, 'conf'), 'stop'])
    rmSync(this.directory, { recursive: true, maxRetries: 3 })
  }
}

function masterCf(port: number): string {
  return `\
127.0.0.1:${port} inet n - n - - qmqpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`
}
