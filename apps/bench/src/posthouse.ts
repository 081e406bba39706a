import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { MailSystem } from './mail-system.ts'
import { relayParameters } from './relay-parameters.ts'

const COMMAND = join(import.meta.dirname, '../../mta/bin/posthouse.js')

/**
 * Starts a posthouse that relays to the sink, on the configuration that Postfix gets too.
 *
 * @param mailOwner whom it becomes; empty if this is not root, or there is no such user.
 * @param moreParameters Lines of main.cf.
 */
export async function startPosthouse(
  directory: string,
  qmqpPort: number,
  sinkPort: number,
  mailOwner: string,
  moreParameters = '',
): Promise<MailSystem> {
  const conf = join(directory, 'conf')
  mkdirSync(conf, { recursive: true })
  const parameters = relayParameters(directory, sinkPort, mailOwner)
  writeFileSync(join(conf, 'main.cf'), parameters + moreParameters)
  writeFileSync(join(conf, 'master.cf'), masterCf(qmqpPort))
  const child = spawn(process.execPath, [COMMAND, '-c', conf, 'start-fg'], { stdio: 'inherit' })
  return {
    name: 'posthouse',
    qmqpPort,
    processId: child.pid ?? 0,
    queueDirectory: join(directory, 'queue'),
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'close')
    },
  }
}

function masterCf(qmqpPort: number): string {
  return `\
${qmqpPort} inet n - n - - qmqpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
smtp unix - - n - - smtp
relay unix - - n - - smtp
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
`
}
