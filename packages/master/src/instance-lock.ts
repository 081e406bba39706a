import { type StdioOptions, spawnSync } from 'node:child_process'
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { MasterError } from './errors.ts'

const PID_COLUMNS = 32 // G-70: the process id right-aligned in 32 columns, and a newline.

/**
 * The right to run on one queue directory. Held by a lock of the kernel, which ends with the
 * process however that ends, so there is never a stale one to remove.
 *
 * Node has no file locks of its own; its SQLite has. `pid/posthouse.lock` is an empty database in
 * an exclusive transaction that never ends. `pid/master.pid` has the process id where Postfix's
 * tools look for it (G-70); as there, the lock decides and not the number (G-93). Postfix's master
 * locks that file with flock(2), and so does flock(1) for us, so that neither starts beside the
 * other.
 */
export class InstanceLock {
  // A lock that nobody refers to any more would be collected, and with it the lock of the kernel.
  static readonly #held = new Set<InstanceLock>()
  readonly #database: DatabaseSync
  readonly #pidFile: number

  private constructor(database: DatabaseSync, pidFile: number) {
    this.#database = database
    this.#pidFile = pidFile
    InstanceLock.#held.add(this)
  }

  /**
   * Takes the lock and writes `processId` into `pid/master.pid`.
   *
   * @throws {MasterError} `already-running`: another Posthouse or a Postfix master has this queue.
   */
  static acquire(queueDirectory: string, processId: number): InstanceLock {
    const directory = join(queueDirectory, 'pid')
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    const database = tryLock(join(directory, 'posthouse.lock'))
    if (database === undefined) throw alreadyRunning(readProcessId(queueDirectory))
    const path = join(directory, 'master.pid')
    const pidFile = openSync(path, 'a+', 0o644)
    if (!tryFlock(pidFile)) {
      closeSync(pidFile)
      database.close()
      throw alreadyRunning(lockHolder(path))
    }
    ftruncateSync(pidFile)
    writeSync(pidFile, `${String(processId).padStart(PID_COLUMNS)}\n`)
    return new InstanceLock(database, pidFile)
  }

  release(): void {
    InstanceLock.#held.delete(this)
    closeSync(this.#pidFile)
    this.#database.close()
  }
}

/**
 * The process id of the instance that runs on this queue directory, or undefined if none does.
 * A probe that finds no instance leaves the directory as it was.
 */
export function runningInstance(queueDirectory: string): number | undefined {
  const directory = join(queueDirectory, 'pid')
  const lockFile = join(directory, 'posthouse.lock')
  if (statSync(lockFile, { throwIfNoEntry: false }) !== undefined) {
    const database = tryLock(lockFile)
    if (database === undefined) return readProcessId(queueDirectory)
    database.close()
  }
  return lockHolder(join(directory, 'master.pid'))
}

function alreadyRunning(processId: number | undefined): MasterError {
  const which = processId === undefined ? '' : `: PID: ${processId}`
  return new MasterError('already-running', `the Postfix mail system is already running${which}`)
}

function tryLock(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    // Without a journal file: the transaction never writes.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if (error instanceof Error && /locked/.test(error.message)) return undefined
    throw error
  }
}

function readProcessId(queueDirectory: string): number | undefined {
  const text = readFileSync(join(queueDirectory, 'pid', 'master.pid'), 'latin1')
  const processId = Number(text)
  return Number.isInteger(processId) && processId > 0 ? processId : undefined
}

// A lock of flock(2) belongs to the open file, so it stays when flock(1), which got that from us,
// ends.
function tryFlock(file: number): boolean {
  const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', file]
  const { status, error } = spawnSync('flock', ['-x', '-n', '3'], { stdio })
  if (error !== undefined) return lockOf(fstatSync(file).ino) === undefined // There is no flock(1).
  return status === 0
}

// Linux tells in /proc/locks who holds which; elsewhere nobody does. The number is of no use where
// the lock is ours: it is that of flock(1).
function lockHolder(path: string): number | undefined {
  const inode = statSync(path, { throwIfNoEntry: false })?.ino
  return inode === undefined ? undefined : lockOf(inode)
}

function lockOf(inode: number): number | undefined {
  const line = readLocks().find((lock) => new RegExp(`:${inode} `).test(lock))
  const holder = line?.split(/\s+/)[4]
  return holder === undefined ? undefined : Number(holder)
}

function readLocks(): string[] {
  try {
    return readFileSync('/proc/locks', 'latin1').split('\n')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
