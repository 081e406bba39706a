import * as fs from 'node:fs'

import { DiskPace } from './disk-pace.ts'
import { DiskThreads, LONG_MS } from './disk-threads.ts'
import type {
  FileSystemDirectory,
  FileSystemEntry,
  FileSystemStatus,
  Progress,
  QueueFileSystem,
} from './file-system.ts'

const OPEN_FLAGS = {
  create: 'wx+',
  read: 'r',
  update: 'r+',
  append: 'a',
} as const

/** Directory entries that are read, and sorted, at a time. */
const DIRECTORY_BATCH = 1024

// `statfs` types of the Linux file systems whose fsync of a new file also makes its name durable:
// ext2, ext3 and ext4; xfs; btrfs; f2fs; and tmpfs and overlay, of which nothing survives anyway
// or which leave it to the file system below.
const SYNCING_TYPES = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994, 0x794c7630])

// More than this is copied by another thread: copying is work, too.
const MAX_SYNC_BYTES = 64 * 1024

type Callback<Value> = (error: NodeJS.ErrnoException | null, value: Value) => void

/** A `QueueFileSystem` that has a thread of its own once it was used. */
export interface NodeFileSystem extends QueueFileSystem {
  /** Ends the thread. It does not keep a process alive, so this is for who opens many. */
  end(): void
}

/**
 * The file system of this machine. Calls that may wait for the disk go through the thread pool of
 * libuv; the cheap ones among the most frequent do not while the disk is fast, see `DiskPace`.
 * Making a file is not cheap: finding an inode takes several times what the others do.
 *
 * @param now A clock in milliseconds.
 */
export function nodeFileSystem(now: () => number): NodeFileSystem {
  const pace = new DiskPace()
  const threads = new DiskThreads()
  return {
    ...POOLED,
    writev: (file, buffers, position) => {
      const bytes = buffers.reduce((sum, { length }) => sum + length, 0)
      if (pace.isFast && bytes <= MAX_SYNC_BYTES) return fs.writevSync(file, buffers, position)
      return result((done) => fs.writev(file, buffers, position, done))
    },
    rename: (from, to) => {
      if (pace.isFast) return fs.renameSync(from, to)
      return completion((done) => fs.rename(from, to, done))
    },
    fsync: async (file) => {
      const thread = threads.next
      if (thread.delayMs <= LONG_MS) {
        const durationMs = await thread.sync(file)
        if (durationMs !== undefined) return pace.record(durationMs)
      }
      const startMs = now()
      await completion((done) => fs.fsync(file, done))
      pace.record(now() - startMs)
    },
    store: (file, content, from, to) => {
      const job = { file, content, from, to }
      const thread = threads.next
      if (thread.delayMs > LONG_MS || !thread.takes(job)) return undefined
      return thread.store(job).then((progress) => {
        if (progress === undefined) return finishStore(file, from)
        pace.record(progress.durationMs)
        return progress
      })
    },
    retire: (file, from, to) => {
      const job = { file, content: [], from, to }
      const thread = threads.awake
      if (thread.delayMs > LONG_MS || !thread.takes(job)) return undefined
      return thread.retire(job).then((progress) => progress ?? finishRetire(from))
    },
    end: () => threads.close(),
  }
}

/** At once, since they never wait: what is known of an open file is in memory. */
const IMMEDIATE = {
  close: fs.closeSync,
  openUsed: (path: string): number => fs.openSync(path, OPEN_FLAGS.update),
  accessUsed(path: string): void {
    fs.accessSync(path)
  },
  lstatUsed(path: string): FileSystemStatus {
    const stats = fs.lstatSync(path)
    return status(stats, stats.ino)
  },
  fstat(file: number): FileSystemStatus {
    const stats = fs.fstatSync(file)
    if (Number.isSafeInteger(stats.ino)) return status(stats, stats.ino)
    // An id made from a rounded inode number need not be unique.
    return status(stats, fs.fstatSync(file, { bigint: true }).ino)
  },
}

const POOLED: Omit<QueueFileSystem, 'writev' | 'rename' | 'fsync'> = {
  ...IMMEDIATE,
  open: (path, how, mode = 0o600) => result((done) => fs.open(path, OPEN_FLAGS[how], mode, done)),
  lstat: async (path) => {
    const stats = await result<fs.Stats>((done) => fs.lstat(path, done))
    return status(stats, stats.ino)
  },
  read: (file, target, position) =>
    result((done) => fs.read(file, target, 0, target.length, position, done)),
  pwrite: (file, bytes, position) =>
    result((done) => fs.write(file, bytes, 0, bytes.length, position, done)),
  ftruncate: (file, sizeBytes) => completion((done) => fs.ftruncate(file, sizeBytes, done)),
  unlink: (path) => completion((done) => fs.unlink(path, done)),
  mkdir: (path, mode) => completion((done) => fs.mkdir(path, mode, done)),
  chmod: (path, mode) => completion((done) => fs.chmod(path, mode, done)),
  utimes: (path, accessedMs, modifiedMs) =>
    completion((done) => fs.utimes(path, accessedMs / 1000, modifiedMs / 1000, done)),
  opendir: async (path) =>
    new NodeDirectory(
      await result((done) => fs.opendir(path, { bufferSize: DIRECTORY_BATCH }, done)),
    ),
  syncsEntries: async (path) => {
    const { type } = await result<fs.StatsFs>((done) => fs.statfs(path, done))
    return SYNCING_TYPES.has(type)
  },
}

// Of a thread that ended: only what the disk shows is known.
async function finishStore(file: number, from: string): Promise<Progress> {
  if (fs.existsSync(from)) return { isRenamed: false }
  try {
    await completion((done) => fs.fsync(file, done))
    return { isRenamed: true }
  } catch (error) {
    return { isRenamed: true, error: error as Error }
  }
}

function finishRetire(from: string): Progress {
  if (fs.existsSync(from)) return { isRenamed: false }
  return { isRenamed: true, error: new Error('the disk thread ended') }
}

class NodeDirectory implements FileSystemDirectory {
  readonly #directory: fs.Dir

  constructor(directory: fs.Dir) {
    this.#directory = directory
  }

  async read(): Promise<FileSystemEntry | undefined> {
    const entry = await this.#directory.read()
    return entry === null ? undefined : { name: entry.name, isDirectory: entry.isDirectory() }
  }

  close(): Promise<void> {
    return this.#directory.close()
  }
}

function status(stats: fs.Stats, inode: number | bigint): FileSystemStatus {
  return {
    inode,
    mode: stats.mode,
    modifiedMs: stats.mtimeMs,
    changedMs: stats.ctimeMs,
    sizeBytes: stats.size,
    links: stats.nlink,
    userId: stats.uid,
  }
}

function result<Value>(call: (done: Callback<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })
}

function completion(call: (done: fs.NoParamCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()))
  })
}
