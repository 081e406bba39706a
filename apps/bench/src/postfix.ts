import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { MailSystem } from './mail-system.ts'
import { relayParameters } from './relay-parameters.ts'

const DAEMONS = '/usr/lib/postfix/sbin'

/** Whether Postfix is here with its test tools, and may be started. */
export function postfixIsInstalled(): boolean {
  const programs = ['/usr/sbin/postfix', '/usr/sbin/qmqp-source', '/usr/sbin/smtp-sink']
  return programs.every((path) => existsSync(path)) && process.getuid?.() === 0
}

/**
 * Starts a private Postfix with the services that a relay of QMQP mail needs.
 *
 * @param moreParameters Lines of main.cf.
 */
export async function startPostfix(
  directory: string,
  qmqpPort: number,
  sinkPort: number,
  moreParameters = '',
): Promise<MailSystem> {
  const conf = join(directory, 'conf')
  const queueDirectory = join(directory, 'queue')
  for (const path of [conf, queueDirectory, join(directory, 'data')]) {
    mkdirSync(path, { recursive: true, mode: 0o755 })
  }
  execFileSync('chown', ['postfix', join(directory, 'data')])
  writeFileSync(join(conf, 'main.cf'), mainCf(directory, sinkPort) + moreParameters)
  writeFileSync(join(conf, 'master.cf'), masterCf(qmqpPort))
  const run = (command: string) => promisify(execFile)('postfix', ['-c', conf, command])
  await run('start')
  return {
    name: 'postfix',
    qmqpPort,
    processId: Number(readFileSync(join(queueDirectory, 'pid/master.pid'), 'latin1')),
    queueDirectory,
    stop: async () => void (await run('stop')),
  }
}

function mainCf(directory: string, sinkPort: number): string {
  return `\
${relayParameters(directory, sinkPort, 'postfix')}
data_directory = ${directory}/data
command_directory = /usr/sbin
daemon_directory = ${DAEMONS}
setgid_group = postdrop
`
}

function masterCf(qmqpPort: number): string {
  return `\
${qmqpPort} inet n - n - - qmqpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
tlsmgr unix - - n 1000? 1 tlsmgr
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`
}
