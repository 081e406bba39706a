import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { importedEnvironment } from '@posthouse/config'
import type { Logger } from '@posthouse/mail-log'
import { runningInstance } from '@posthouse/master'

import { checkLists } from './check-lists.ts'
import { CommandError } from './command-error.ts'
import { loadConfiguration, loadSettings, queueDirectoryOf } from './load-configuration.ts'
import { mailOwnerOf, setgidGroup } from './queue-accounts.ts'
import { queueWarnings } from './queue-warnings.ts'
import { requestQuickStart } from './quick-start.ts'
import { triggerService } from './trigger-service.ts'

const EX_UNAVAILABLE = 69
const STOP_POLLS = 35 // One a second: somewhat more than an instance takes at most.
const FLUSH_EVERYTHING = 'FADI' // S-40.
const TERMINAL = terminalLog()

/** `posthouse status`. */
export async function status(configDirectory: string): Promise<void> {
  const processId = runningInstance(queueDirectoryIn(configDirectory))
  if (processId === undefined) throw new CommandError('the Postfix mail system is not running')
  console.log(`the Postfix mail system is running: PID: ${processId}`)
}

/**
 * `posthouse check`: reads and checks the configuration, looks at the queue directory, and says
 * what would be warned of. Changes nothing.
 */
export async function check(configDirectory: string): Promise<void> {
  const configuration = await loadConfiguration(configDirectory)
  for (const warning of configuration.warnings) TERMINAL.warning(warning)
  for (const notice of configuration.notices) TERMINAL.info(notice)
  checkLists(configuration, TERMINAL)
  const { queueDirectory, directory } = configuration
  const accounts = { owner: mailOwnerOf(configuration), group: setgidGroup(configuration) }
  const inspection = { queueDirectory, configDirectory: directory, ...accounts }
  for (const warning of queueWarnings(inspection)) TERMINAL.warning(warning)
}

/**
 * `posthouse start`: leaves an instance running in the background, with the environment that
 * `import_environment` says (G-28).
 */
export async function start(configDirectory: string): Promise<void> {
  const { config, queueDirectory } = await loadConfiguration(configDirectory)
  if (runningInstance(queueDirectory) !== undefined) {
    throw new CommandError('the Postfix mail system is already running')
  }
  const args = [...process.execArgv, process.argv[1] ?? '', '-c', configDirectory, 'start-fg']
  const child = spawn(process.execPath, args, {
    detached: true,
    env: importedEnvironment(config, process.env),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk
  })
  const ended = once(child, 'close').then(() => {
    throw new CommandError(complaint.replace(/^posthouse: fatal: /, '').trim() || 'start failed')
  })
  await Promise.race([once(child, 'message'), ended])
  child.disconnect()
  process.exit(0) // The pipe of its standard error would keep this process alive.
}

/** `posthouse stop`: SIGTERM, then patience, then SIGKILL. */
export async function stop(configDirectory: string): Promise<void> {
  await stopInstance(queueDirectoryIn(configDirectory))
}

/** `posthouse quick-stop`: the next start does without the checks of the queue (F-22). */
export async function quickStop(configDirectory: string): Promise<void> {
  const queueDirectory = queueDirectoryIn(configDirectory)
  if (await stopInstance(queueDirectory)) requestQuickStart(queueDirectory)
}

/** @returns whether it ended in order. */
async function stopInstance(queueDirectory: string): Promise<boolean> {
  const processId = requireRunning(queueDirectory)
  process.kill(processId, 'SIGTERM')
  for (let poll = 0; poll < STOP_POLLS * 10; poll++) {
    if (runningInstance(queueDirectory) === undefined) return true
    await sleep(100)
  }
  console.error('posthouse: stopping the Postfix mail system with force')
  process.kill(processId, 'SIGKILL')
  return false
}

/**
 * `posthouse reload`. A configuration that would be refused is refused here, before the instance
 * hears of it. What only the instance can tell, such as that a port is taken, is in its log, and so
 * are warnings.
 */
export async function reload(configDirectory: string): Promise<void> {
  const processId = requireRunning(queueDirectoryIn(configDirectory))
  const configuration = await loadConfiguration(configDirectory)
  checkLists(configuration, { ...TERMINAL, warning: () => undefined })
  process.kill(processId, 'SIGHUP')
}

/** `posthouse flush`: everything that is queued is tried now. */
export async function flush(configDirectory: string): Promise<void> {
  const settings = loadSettings(configDirectory)
  const queueDirectory = queueDirectoryOf(settings)
  if (runningInstance(queueDirectory) === undefined) {
    throw new CommandError('Cannot flush mail queue - mail system is down', EX_UNAVAILABLE)
  }
  await triggerService(queueDirectory, settings.expanded('queue_service_name'), FLUSH_EVERYTHING)
}

function queueDirectoryIn(configDirectory: string): string {
  return queueDirectoryOf(loadSettings(configDirectory))
}

function requireRunning(queueDirectory: string): number {
  const processId = runningInstance(queueDirectory)
  if (processId === undefined) throw new CommandError('the Postfix mail system is not running')
  return processId
}

function terminalLog(): Logger {
  const say = (severity: string) => (text: string) =>
    console.error(`posthouse: ${severity}: ${text}`)
  return { info: say('info'), warning: say('warning'), error: say('error'), fatal: say('fatal') }
}
