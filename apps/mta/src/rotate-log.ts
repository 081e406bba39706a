import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  openSync,
  renameSync,
  statSync,
} from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { runningInstance } from '@posthouse/master'

import { CommandError } from './command-error.ts'
import { loadSettings, queueDirectoryOf } from './load-configuration.ts'

const PATIENCE_MS = 10_000
const PAUSE_MS = 100

/**
 * `posthouse logrotate` (G-92): moves the log file away, has the mail system go on in a new one,
 * and compresses the old one once nothing more is written to it.
 */
export async function rotateLog(configDirectory: string): Promise<void> {
  const settings = loadSettings(configDirectory)
  const file = settings.expanded('maillog_file')
  const compressor = settings.expanded('maillog_file_compressor')
  if (file === '' || file.startsWith('/dev/')) {
    const value = `${configDirectory}/main.cf: maillog_file = ${file}`
    throw new CommandError(`${value}: logrotate needs a log file`)
  }
  const rotated = `${file}.${suffix(settings.expanded('maillog_file_rotate_suffix'))}`
  if (existsSync(rotated)) throw new CommandError(`cannot rotate ${file}: ${rotated} exists`)
  renameSync(file, rotated)
  makeLike(rotated, file)
  const processId = runningInstance(queueDirectoryOf(settings))
  if (processId !== undefined) {
    process.kill(processId, 'SIGHUP')
    if (!(await isWritten(file))) {
      const problem = `the mail system does not write to ${file} after ${PATIENCE_MS / 1000} s`
      throw new CommandError(`${rotated} was not compressed: ${problem}`)
    }
  }
  const { status, error } = spawnSync(compressor, [rotated], { stdio: 'inherit' })
  if (status === 0) return
  const reason = error?.message ?? `it exits with ${status}`
  throw new CommandError(`maillog_file_compressor = ${compressor}: cannot compress: ${reason}`)
}

/** The format is strftime's, for which Node has no function. */
function suffix(format: string): string {
  return execFileSync('date', [`+${format}`], { encoding: 'utf8' }).trim()
}

// Its owner and mode let whoever wrote the old one write to it: root was given up.
function makeLike(old: string, path: string): void {
  const { uid, gid, mode } = statSync(old)
  const descriptor = openSync(path, 'a', mode)
  fchmodSync(descriptor, mode)
  fchownSync(descriptor, uid, gid)
  closeSync(descriptor)
}

/** Waits for the line that tells of the reload. */
async function isWritten(path: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += PAUSE_MS) {
    if (statSync(path).size > 0) return true
    await sleep(PAUSE_MS)
  }
  return false
}
