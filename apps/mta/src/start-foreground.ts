import { dropPrivileges, InstanceLock, type MailOwner } from '@posthouse/master'
import type { QueueSettings } from '@posthouse/postsuper'

import { type Configuration, loadConfiguration } from './load-configuration.ts'
import { MailSystem } from './mail-system.ts'
import { logEarlyFailure, type OpenLog, openLog } from './open-log.ts'
import { prepareQueue } from './prepare-queue.ts'
import { mailOwnerOf, setgidGroup } from './queue-accounts.ts'
import { queueWarnings } from './queue-warnings.ts'
import { takeQuickStart } from './quick-start.ts'
import { Reloader } from './reloader.ts'
import { putInOrder } from './repair-queue.ts'
import { VERSION } from './version.ts'

// Everything acknowledged is on disk, so nothing is lost when a silent peer is not waited for.
const DRAIN_LIMIT_MS = 30_000

/** `posthouse start-fg`: runs until SIGTERM or SIGINT. @throws what keeps it from starting. */
export async function startForeground(configDirectory: string): Promise<void> {
  const configuration = await loadConfiguration(configDirectory).catch(async (error) => {
    await logEarlyFailure(error)
    throw error
  })
  const owner = mailOwnerOf(configuration)
  const openedLog = openLog(configuration.config, owner)
  const { mailLog } = openedLog
  const log = mailLog.logger('master')
  process.on('uncaughtExceptionMonitor', (error) => log.fatal(String(error.stack ?? error)))
  try {
    await run(configuration, owner, openedLog)
  } catch (error) {
    // Who started it is told as well, by whoever called this (G-44).
    log.fatal(error instanceof Error ? error.message : String(error))
    await mailLog.close()
    throw error
  }
  await mailLog.close()
  process.exit(0)
}

async function run(
  configuration: Configuration,
  owner: MailOwner | undefined,
  openedLog: OpenLog,
): Promise<void> {
  const { directory, queueDirectory, warnings, notices } = configuration
  const { mailLog } = openedLog
  const log = mailLog.logger('master')
  const group = setgidGroup(configuration)
  prepareQueue(queueDirectory, owner, group?.id)
  // From here on others know the process id. Until it can be served, a reload waits.
  const started = Promise.withResolvers<void>()
  let hangUp = (): void => void started.promise.then(() => hangUp())
  process.on('SIGHUP', () => hangUp())
  const lock = InstanceLock.acquire(queueDirectory, process.pid)
  for (const warning of warnings) log.warning(warning)
  for (const notice of notices) log.info(notice)

  if (!takeQuickStart(queueDirectory)) {
    await putInOrder(queueSettings(configuration), owner, mailLog.logger('postsuper'))
    const inspection = { queueDirectory, configDirectory: directory, owner, group }
    const script = mailLog.logger('postfix-script')
    for (const warning of queueWarnings(inspection)) script.warning(warning)
  }
  const system = await MailSystem.open(configuration, mailLog)
  if (owner !== undefined) dropPrivileges(owner, process)
  await system.start()
  log.info(`daemon started -- version ${VERSION}, configuration ${directory}`)
  process.send?.('started')

  const reloader = new Reloader(
    {
      load: () => loadConfiguration(directory, system.configuration),
      apply: (next) => openedLog.reload(next.config, () => system.reload(next)),
      done: `reload -- version ${VERSION}, configuration ${directory}`,
    },
    log,
  )
  hangUp = () => {
    openedLog.reopen()
    reloader.request()
  }
  started.resolve()
  const signal = await untilTerminated()
  reloader.end()
  log.info(`terminating on signal ${signal}`)
  const limit = setTimeout(() => {
    log.warning(`still waiting for a peer after ${DRAIN_LIMIT_MS / 1000} s -- not waiting longer`)
    void mailLog.close().then(() => process.exit(0))
  }, DRAIN_LIMIT_MS)
  await system.stop()
  clearTimeout(limit)
  lock.release()
}

function queueSettings({ config, queueDirectory }: Configuration): QueueSettings {
  return {
    directory: queueDirectory,
    hashQueueNames: config.hash_queue_names,
    hashQueueDepth: config.hash_queue_depth,
    longQueueIds: config.enable_long_queue_ids,
  }
}

function untilTerminated(): Promise<number> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve(15))
    process.once('SIGINT', () => resolve(2))
  })
}
