import * as fs from 'node:fs'

import type {
  FileSystemDirectory,
  FileSystemEntry,
  FileSystemStatus,
  QueueFileSystem,
} from './file-system.ts'

const OPEN_FLAGS = { create: 'wx+', read: 'r', update: 'r+', append: 'a' } as const

/** Directory entries that are read, and sorted, at a time. */
const DIRECTORY_BATCH = 1024

// `statfs` types of the Linux file systems whose fsync of a new file also makes its name durable:
// ext2, ext3 and ext4; xfs; btrfs; f2fs; and tmpfs and overlay, of which nothing survives anyway
// or which leave it to the file system below.
const SYNCING_TYPES = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994, 0x794c7630])

type Callback<Value> = (error: NodeJS.ErrnoException | null, value: Value) => void

/** The file system of this machine, through the callbacks of `node:fs`. */
export const nodeFileSystem: QueueFileSystem = {
  open: (path, how, mode) => result((done) => fs.open(path, OPEN_FLAGS[how], mode ?? 0o600, done)),
  close: (file) => completion((done) => fs.close(file, done)),
  fstat: fileStatus,
  lstat: async (path) => {
    const stats = await result<fs.Stats>((done) => fs.lstat(path, done))
    return status(stats, stats.ino)
  },
  read: (file, target, position) =>
    result((done) => fs.read(file, target, 0, target.length, position, done)),
  writev: (file, buffers) => result((done) => fs.writev(file, buffers, done)),
  pwrite: (file, bytes, position) =>
    result((done) => fs.write(file, bytes, 0, bytes.length, position, done)),
  ftruncate: (file, sizeBytes) => completion((done) => fs.ftruncate(file, sizeBytes, done)),
  fchmod: (file, mode) => completion((done) => fs.fchmod(file, mode, done)),
  fsync: (file) => completion((done) => fs.fsync(file, done)),
  rename: (from, to) => completion((done) => fs.rename(from, to, done)),
  unlink: (path) => completion((done) => fs.unlink(path, done)),
  mkdir: (path, mode) => completion((done) => fs.mkdir(path, mode, done)),
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

async function fileStatus(file: number): Promise<FileSystemStatus> {
  const stats = await result<fs.Stats>((done) => fs.fstat(file, done))
  if (Number.isSafeInteger(stats.ino)) return status(stats, stats.ino)
  // An id made from a rounded inode number need not be unique.
  const { ino } = await result<fs.BigIntStats>((done) => fs.fstat(file, { bigint: true }, done))
  return status(stats, ino)
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
