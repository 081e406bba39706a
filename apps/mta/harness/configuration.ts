import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface TestConfiguration {
  /** Port of the QMQP server on 127.0.0.1. */
  readonly port: number
  /** Lines of main.cf, beside those that every instance has. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Lines of master.cf instead of the usual ones. */
  readonly masterCf?: string
}

/** Writes `conf/main.cf` and `conf/master.cf` below `directory`, for a queue in `queue`. */
export function writeConfiguration(directory: string, configuration: TestConfiguration): void {
  const { port, parameters = {}, masterCf = masterCfFor(port) } = configuration
  const conf = join(directory, 'conf')
  mkdirSync(conf, { recursive: true })
  const lines = Object.entries({
    compatibility_level: '3.6',
    maillog_file: '/dev/stdout',
    queue_directory: join(directory, 'queue'),
    mail_owner: '',
    myhostname: 'mx.example.com',
    mydestination: '',
    inet_interfaces: '127.0.0.1',
    qmqpd_authorized_clients: '127.0.0.1',
    ...parameters,
  }).map(([name, value]) => `${name} = ${value}\n`)
  writeFileSync(join(conf, 'main.cf'), lines.join(''))
  writeFileSync(join(conf, 'master.cf'), masterCf)
}

/** A master.cf with all services that we have, and QMQP on a port of 127.0.0.1. */
export function masterCfFor(port: number): string {
  return `\
127.0.0.1:${port} inet n - n - - qmqpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
showq unix n - n - - showq
flush unix n - n - 0 flush
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
`
}

/** The same, where no mail is returned to its sender: it stays in the queue. */
export function masterCfThatKeeps(port: number): string {
  return masterCfFor(port).replaceAll(/^(smtp|error) .*$/gm, '$& -o soft_bounce=yes')
}

/** Message files below the queue directories that hold mail. */
export function countQueueFiles(
  directory: string,
  queues: readonly string[] = ['incoming', 'active', 'deferred', 'hold', 'corrupt'],
): number {
  const files = queues.flatMap((queue) =>
    readdirSync(join(directory, 'queue', queue), { recursive: true, withFileTypes: true }),
  )
  return files.filter((entry) => entry.isFile()).length
}
