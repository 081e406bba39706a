import * as fs from 'node:fs'

import type { QueueTree, TreeEntry } from './ports.ts'

/** Names that are read at a time. */
const BATCH_SIZE = 1024

/** The file system of this machine. */
export const nodeQueueTree: QueueTree = {
  list,
  status: (path) => {
    const stats = fs.lstatSync(path)
    const isExact = Number.isSafeInteger(stats.ino)
    return {
      inode: isExact ? stats.ino : fs.lstatSync(path, { bigint: true }).ino,
      mode: stats.mode,
      modifiedMs: stats.mtimeMs,
      changedMs: stats.ctimeMs,
      sizeBytes: stats.size,
      links: stats.nlink,
      userId: stats.uid,
    }
  },
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (path) => fs.unlinkSync(path),
  mkdir: (path, mode) => void fs.mkdirSync(path, mode),
  rmdir: (path) => fs.rmdirSync(path),
  chmod: (path, mode) => fs.chmodSync(path, mode),
  touch: (path, modifiedMs) => fs.utimesSync(path, modifiedMs / 1000, modifiedMs / 1000),
}

/** A million names are not to be in memory, nor to be waited for. */
function* list(path: string): Generator<TreeEntry, void, void> {
  const directory = fs.opendirSync(path, { bufferSize: BATCH_SIZE })
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      yield treeEntry(entry)
    }
  } finally {
    directory.closeSync()
  }
}

function treeEntry(entry: fs.Dirent): TreeEntry {
  const type = entry.isDirectory() ? 'directory' : entry.isFile() ? 'file' : 'other'
  return { name: entry.name, type }
}
