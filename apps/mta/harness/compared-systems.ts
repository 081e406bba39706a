import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type QmqpVerdict, submitMessage } from '@posthouse/qmqp-client'

import { writeConfiguration } from './configuration.ts'
import { freePort, Posthouse } from './posthouse.ts'
import { QueueingPostfix } from './queueing-postfix.ts'

/** One of two mail systems with the same main.cf. */
export interface ComparedSystem {
  readonly name: string
  submit(recipients: readonly string[], sender?: string, text?: string): Promise<QmqpVerdict>
  logText(): string
  stop(): Promise<void>
}

/** What both get. */
export interface ComparedConfiguration {
  readonly parameters: Readonly<Record<string, string>>
  /** The command of the service `qmgr`. */
  readonly manager: 'qmgr' | 'oqmgr'
  /** So many deliveries at a time. */
  readonly processLimit: number
  /** More lines of master.cf. */
  readonly services?: string
  /** Services that are missing. */
  readonly without?: readonly string[]
}

/** Has both do the same, one after the other. @returns what posthouse did, and what Postfix did. */
export async function compare<Result>(
  configuration: ComparedConfiguration,
  work: (system: ComparedSystem) => Promise<Result>,
): Promise<{ readonly ours: Result; readonly theirs: Result }> {
  return {
    ours: await during(await startPosthouse(configuration), work),
    theirs: await during(await startPostfix(configuration), work),
  }
}

async function during<Result>(
  system: ComparedSystem,
  work: (system: ComparedSystem) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(system)
  } finally {
    await system.stop()
  }
}

async function startPosthouse(configuration: ComparedConfiguration): Promise<ComparedSystem> {
  const directory = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
  const port = await freePort()
  const masterCf = `\
127.0.0.1:${port} inet n - n - - qmqpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
${servicesOf(configuration)}`
  writeConfiguration(directory, { port, parameters: configuration.parameters, masterCf })
  const posthouse = await Posthouse.start(directory)
  return {
    name: 'posthouse',
    submit: (...message) => submit(port, ...message),
    logText: () => posthouse.log.join('\n'),
    stop: async () => {
      await posthouse.kill()
      rmSync(directory, { recursive: true, maxRetries: 3 })
    },
  }
}

async function startPostfix(configuration: ComparedConfiguration): Promise<ComparedSystem> {
  const services = `${servicesOf(configuration)}\
flush unix n - n 1000? 0 flush
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
`
  const { parameters } = configuration
  const own = { myhostname: 'mx.example.com', mydestination: '', ...parameters }
  const postfix = await QueueingPostfix.start(own, services)
  return {
    name: 'Postfix',
    submit: (...message) => submit(postfix.port, ...message),
    logText: () => postfix.logText(),
    stop: () => postfix.stop(),
  }
}

function servicesOf(configuration: ComparedConfiguration): string {
  const { manager, processLimit, services = '', without = [] } = configuration
  const all = `\
qmgr unix n - n 300 1 ${manager}
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - ${processLimit} smtp
error unix - - n - - error
retry unix - - n - - error
${services}`
  return all
    .split('\n')
    .filter((line) => !without.some((name) => line.startsWith(`${name} `)))
    .join('\n')
}

function submit(
  port: number,
  recipients: readonly string[],
  sender = 's@example.org',
  text = 'Subject: x\n\ny\n',
): Promise<QmqpVerdict> {
  const message = { sender, recipients, content: Buffer.from(text) }
  return submitMessage({ host: '127.0.0.1', port }, message)
}
