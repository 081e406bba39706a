import type { MailLog } from '@posthouse/mail-log'
import { dropPrivileges, InstanceLock, lookUpMailOwner, type MailOwner } from '@posthouse/master'

import { type Configuration, loadConfiguration } from './load-configuration.ts'
import { MailSystem } from './mail-system.ts'
import { openLog } from './open-log.ts'
import { prepareQueue } from './prepare-queue.ts'
import { VERSION } from './version.ts'

// Everything acknowledged is on disk, so nothing is lost when a silent peer is not waited for.
const DRAIN_LIMIT_MS = 30_000

/** `posthouse start-fg`: runs until SIGTERM or SIGINT. @throws what keeps it from starting. */
export async function startForeground(configDirectory: string): Promise<void> {
  const configuration = await loadConfiguration(configDirectory)
  const owner = mailOwnerOf(configuration)
  prepareQueue(configuration.queueDirectory, owner)
  const lock = InstanceLock.acquire(configuration.queueDirectory, process.pid)
  const { mailLog, reopen } = openLog(configuration.config, owner)
  const log = mailLog.logger('master')
  for (const warning of configuration.warnings) log.warning(warning)

  const system = await MailSystem.open(configuration, mailLog)
  if (owner !== undefined) dropPrivileges(owner, process)
  await system.start()
  log.info(`daemon started -- version ${VERSION}, configuration ${configDirectory}`)
  process.send?.('started')
  process.stderr.on('error', () => undefined) // A pipe to whoever started it, who may be gone.
  process.on('uncaughtExceptionMonitor', (error) => log.fatal(String(error.stack ?? error)))

  process.on('SIGHUP', () => {
    reopen()
    reload(system, configDirectory, mailLog)
  })
  const signal = await untilTerminated()
  log.info(`terminating on signal ${signal}`)
  const limit = setTimeout(() => {
    log.warning(`still waiting for a peer after ${DRAIN_LIMIT_MS / 1000} s -- not waiting longer`)
    process.exit(0)
  }, DRAIN_LIMIT_MS)
  await system.stop()
  clearTimeout(limit)
  lock.release()
  process.exit(0)
}

/** Whom root becomes; undefined if it is not root or `mail_owner` is empty. */
function mailOwnerOf({ config, directory }: Configuration): MailOwner | undefined {
  if (process.getuid?.() !== 0 || config.mail_owner === '') return undefined
  return lookUpMailOwner(config.mail_owner, `${directory}/main.cf`)
}

/** Takes the new configuration if it is good; a bad one is logged, and the old one stays. */
function reload(system: MailSystem, configDirectory: string, mailLog: MailLog): void {
  const log = mailLog.logger('master')
  const attempt = async (): Promise<void> => {
    const configuration = await loadConfiguration(configDirectory)
    for (const warning of configuration.warnings) log.warning(warning)
    await system.reload(configuration)
    log.info(`reload -- version ${VERSION}, configuration ${configDirectory}`)
  }
  attempt().catch((error) => {
    log.error(`reload: ${error instanceof Error ? error.message : error}`)
    log.error('the old configuration stays in force')
  })
}

function untilTerminated(): Promise<number> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve(15))
    process.once('SIGINT', () => resolve(2))
  })
}
